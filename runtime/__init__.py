"""The runtime: source to a live model, data sets, both loops, the certificate.

``build.build``, ``train.train`` and ``verify.verify`` are what to call from Python. The only
folder that imports Keras.
"""
