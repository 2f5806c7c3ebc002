"""Typed graph to Python modules: one emitter a style."""
