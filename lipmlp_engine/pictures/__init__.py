"""Pictures of morphs, drawn without a display: contact sheets, single frames, plots. They measure nothing."""
