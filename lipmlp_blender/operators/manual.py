"""Opens the manual in the browser: the copy that lies in the extension, so that no network is needed."""

from __future__ import annotations

import bpy

from ..manual_pages import page_path


class LIPMORPH_OT_open_manual(bpy.types.Operator):
    """Open the manual at the page for this panel"""

    bl_idname = "lipmorph.open_manual"
    bl_label = "Open Manual"
    bl_options = {"INTERNAL"}

    page: bpy.props.StringProperty(name="Page", description="Page of the manual", default="index", options={"HIDDEN"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if page_path("index") is None:
            cls.poll_message_set("This copy of the extension came without its manual; a released one has it")
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> set[str]:
        path = page_path(self.page) or page_path("index")
        assert path is not None  # poll has seen it
        if bpy.app.background:
            self.report({"INFO"}, str(path))
        else:
            bpy.ops.wm.url_open(url=path.as_uri())
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_open_manual,)
