"""The faults that we survive, as a table: what goes wrong, what holds all the same, and which test provokes it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

FAULTS = [
    # -- the user's files
    ("--out names a folder that is not ours", "refused, no file touched",
     "engine/files/test_results_folder.py", "test_a_folder_that_is_not_ours_is_refused_untouched"),
    ("files of the user's lie in a results folder", "they outlive every other run",
     "engine/files/test_results_folder.py", "test_what_is_not_ours_outlives_another_run_in_our_folder"),
    ("a file of the user's has the name of a result", "refused; --force says what it replaces",
     "engine/files/test_results_folder.py",
     "test_a_file_in_the_way_in_our_folder_is_refused_and_replaced_only_by_force"),
    ("the results would replace the shapes", "refused, even with --force",
     "engine/files/test_results_folder.py", "test_inputs_are_never_replaced"),
    ("the job file lies among the results", "it stays as it is",
     "engine/files/test_results_folder.py", "test_a_job_file_gets_its_results_beside_it_and_stays"),
    ("the folder was made by an earlier version", "its files are known by their model, others stay",
     "engine/files/test_results_folder.py", "test_results_of_an_earlier_version_are_known_by_their_model"),
    ("the list of our files names files elsewhere", "refused",
     "engine/files/test_results_folder.py", "test_a_list_that_names_what_is_outside_is_refused"),
    ("a link lies in the place of a result", "not followed, refused",
     "engine/files/test_results_folder.py", "test_links_are_not_followed"),
    ("the user's files lie in a job folder of the add-on", "never touched",
     "addon/test_faults_headless.py", "test_the_users_files_in_a_job_folder_are_not_touched"),
    ("a .blend names a stranger's folder", "nothing is written there",
     "addon/test_faults_headless.py", "test_nothing_is_written_into_a_strangers_folder"),
    # -- two at a time, and killed ones
    ("two runs want one folder", "the second says who is at work there",
     "engine/files/test_results_folder.py", "test_two_runs_do_not_share_a_folder"),
    ("the lock is empty, junk or left by a killed run", "it blocks nobody",
     "engine/files/test_results_folder.py", "test_no_junk_in_the_lock_blocks_a_run"),
    ("SIGKILL of the engine at moments all over a job", "nothing lost, nothing left, the next run is right",
     "engine/running/test_kills.py", "test_a_killed_engine_loses_nothing_and_leaves_nothing"),
    ("SIGKILL of a Blender without a window, or of its engine", "no process left, the next run is right",
     "addon/test_faults_headless.py", "test_a_killed_blender_or_engine_leaves_nothing_running"),
    ("a killed run has left drafts", "they go, drafts of others stay",
     "engine/files/test_results_folder.py", "test_drafts_of_a_killed_run_go_and_those_of_others_stay"),
    # -- many morphs
    ("an entry of a list is wrong", "a sentence, the others are done",
     "engine/batch/test_batch_list.py", "test_a_bad_entry_is_a_sentence_and_the_others_stay"),
    ("SIGKILL of a morph's process", "resumed where it stood, what was done is kept",
     "engine/batch/test_batch_run.py", "test_a_killed_process_is_resumed_where_it_stood"),
    ("SIGKILL of a batch, or Ctrl-C", "no process outlives it",
     "engine/batch/test_batch_run.py", "test_no_process_outlives_its_batch"),
    ("SIGKILL of a training", "it ends as it would have, byte for byte",
     "engine/training/test_training_checkpoint.py", "test_an_interrupted_training_ends_as_it_would_have"),
    ("SIGKILL of a Dask scheduler", "it is waited for, and the rest is done",
     "engine/batch/test_batch_cluster.py", "test_a_killed_scheduler_that_comes_back_finds_the_rest"),
    ("workers have another engine, or do not see the folder", "a sentence, nothing is sent",
     "engine/batch/test_batch_cluster.py", "test_workers_that_do_not_fit_are_refused_at_the_handshake"),
    ("a morph of Blender's --batch fails", "the others come into the scene",
     "addon/test_command_line.py", "test_what_fails_in_a_batch_stops_no_other"),
    # -- runs that fail
    ("a run fails in a new folder", "the folder is gone again",
     "engine/files/test_results_folder.py", "test_a_run_that_fails_leaves_no_folder_behind"),
    ("a run of Blender's command line fails", "its job folder is gone again",
     "addon/test_faults_headless.py", "test_a_run_that_fails_leaves_no_folder_behind"),
    ("--output cannot be written", "found before the training",
     "addon/test_faults_headless.py", "test_an_output_that_cannot_be_written_is_found_before_the_training"),
    ("the .blend lies where nothing can be written", "found before the training",
     "addon/test_faults_headless.py", "test_a_blend_in_a_place_that_cannot_be_written_is_found_before_the_training"),
    ("the disk is full", "a sentence, the model kept, no half file",
     "engine/running/test_run_failures.py", "test_a_full_disk_is_said"),
    ("memory runs out, by nine names", "called by its name, with what would fit",
     "engine/machine/test_memory.py", "test_every_name_of_low_memory_is_known"),
    ("ulimit -v is too low", "a sentence that names the limit",
     "engine/machine/test_memory.py", "test_a_limit_on_address_space_ends_in_a_sentence"),
    ("the engine falls with std::bad_alloc", "the add-on says that memory ran out and what would fit",
     "engine/machine/test_memory.py", "test_the_addon_reads_it_out_of_the_log_of_an_engine_that_fell"),
    # -- stopping, and nobody who listens
    ("Ctrl-C on the command line", "stops, keeps the model, exits with 130",
     "engine/running/test_run_jobs.py", "test_ctrl_c_keeps_what_was_learned"),
    ("Ctrl-C in a Blender without a window", "the first one stops it, training or rendering",
     "blender/test_command_line_ends.py", "test_the_first_ctrl_c_stops_it_at_once"),
    ("stdin, stdout and stderr are closed, or the pipe's reader has gone", "the run goes on to its end",
     "engine/files/test_results_folder.py", "test_nobody_need_read_along"),
    ("blender … | head", "the run goes on to its end",
     "blender/test_command_line_ends.py", "test_a_reader_that_has_gone_does_not_end_the_run"),
    ("Blender goes away", "the engine ends",
     "engine/running/test_run_jobs.py", "test_the_engine_ends_when_its_owner_is_gone"),
    ("the engine prints without end", "it is stopped, memory and log stay bounded",
     "engine/bpy_free/test_addon_floods.py", "test_a_flood_is_stopped"),
]  # fmt: skip


@cache
def named_in(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("fault", "holds", "path", "test"), FAULTS, ids=[row[0] for row in FAULTS])
def test_every_fault_has_the_test_that_the_table_names(fault: str, holds: str, path: str, test: str) -> None:
    assert fault and holds and test in named_in(path)


def test_no_fault_stands_in_the_table_twice() -> None:
    assert len({row[0] for row in FAULTS}) == len({row[2:] for row in FAULTS}) == len(FAULTS)
