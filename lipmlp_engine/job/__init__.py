"""The job: every setting, the messages about it, and what can be wrong with it; no torch, no bpy, no numpy.

Standard library only, because the add-on shares this room inside Blender.
"""
