"""The language: text to data and spans, data to a validated spec, and the diagnostics of both.

``load.load`` reads a spec. Nothing here imports the framework, and nothing that a spec says is executed.
"""
