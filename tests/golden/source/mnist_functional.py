"""mnist, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def build_model():
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(32, 3, activation="relu")(image)  # (None, 26, 26, 32)
    x = layers.Conv2D(64, 3, activation="relu")(x)  # (None, 24, 24, 64)
    x = layers.Flatten()(x)  # (None, 36864)
    x = layers.Dense(128, activation="relu")(x)  # (None, 128)
    outputs = layers.Dense(10, activation="softmax")(x)  # (None, 10)
    return keras.Model(image, outputs, name="mnist")
