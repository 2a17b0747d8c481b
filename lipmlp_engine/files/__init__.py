"""What lies in a results folder and how it is read and written safely; no torch, numpy at most.

The add-on shares this room inside Blender.
"""
