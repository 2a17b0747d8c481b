"""Entries in Blender's own menus, where people look for things and the search finds them."""

from __future__ import annotations

import bpy


def draw_object_menu(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.operator("lipmorph.train", icon="MOD_SIMPLEDEFORM")
    menu.layout.operator("lipmorph.surface_from_points", icon="POINTCLOUD_DATA")
    menu.layout.operator("lipmorph.learn_pose_space", icon="POSE_HLT")


def draw_import_menu(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.operator("lipmorph.fetch_result", text="Lipschitz Morph (folder)")


def draw_key_menu(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.operator("lipmorph.preserve_lengths", icon="CON_DISTLIMIT")
    menu.layout.operator("lipmorph.learn_pose_space", icon="POSE_HLT")


def register() -> None:
    bpy.types.MESH_MT_shape_key_context_menu.append(draw_key_menu)
    bpy.types.VIEW3D_MT_object.append(draw_object_menu)
    bpy.types.TOPBAR_MT_file_import.append(draw_import_menu)


def unregister() -> None:
    bpy.types.MESH_MT_shape_key_context_menu.remove(draw_key_menu)
    bpy.types.VIEW3D_MT_object.remove(draw_object_menu)
    bpy.types.TOPBAR_MT_file_import.remove(draw_import_menu)
