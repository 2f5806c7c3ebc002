"""The compiler: a spec to a typed graph, a typed graph to the source of each style.

``driver`` shows the whole pipeline. Nothing here imports the framework.
"""
