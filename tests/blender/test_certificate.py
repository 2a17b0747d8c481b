"""The certificate in a real window: unfolded in the panel, filled by the button's job, photographed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import OpenWindow
from .panel_clicks import MODULE, RUNTIME, click_train, ready_window, select_both

WATCH_SENTENCES = f"""
SAID = set()
drawn = __import__('{MODULE}.ui.result_panel', fromlist=['draw_sentence'])
drawn.CERTIFICATE_FOLDED = False
def watched(layout, context, sentence, draw=drawn.draw_sentence, **how):
    draw(layout, context, sentence, **how)
    SAID.add(sentence)
drawn.draw_sentence = watched
"""


@pytest.mark.any_blender
def test_the_certificate_says_certified_or_sampled(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path, pictures: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        window.run(WATCH_SENTENCES)
        select_both(window)
        click_train(window)
        window.wait_until(f"not {RUNTIME}.active and 'Morph' in bpy.data.objects", 60)
        window.run(
            f"__import__('{MODULE}.runtime', fromlist=['runtime']).runtime.enqueue("
            f"__import__('{MODULE}.job_queue', fromlist=['MorphJob']).MorphJob('Certificate of Morph', "
            f"{RUNTIME}.queue.jobs[-1].folder, certifies=()))"
        )
        window.wait_until(f"not {RUNTIME}.active", 60)
        assert window.value(f"[job.state.name for job in {RUNTIME}.queue.jobs]") == ["FINISHED"]
        window.settle()
        window.picture(pictures / "certificate.png")
        said = window.value("sorted(SAID)")
        assert "Slope in space: 1 at most (certified), 0.823 met (sampled)." in said
        assert window.value("bpy.ops.lipmorph.certify.poll()")
        assert "Traceback" not in window.tail()
