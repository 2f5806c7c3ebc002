"""digits, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def build_model():
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(
        32,
        3,
        padding="same",
        activation="relu",
    )(image)  # (None, 8, 8, 32)
    x = layers.MaxPooling2D(2)(x)  # (None, 4, 4, 32)
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)  # (None, 4, 4, 64)
    x = layers.Flatten()(x)  # (None, 1024)
    x = layers.Dropout(0.25)(x)  # (None, 1024)
    x = layers.Dense(64, activation="relu")(x)  # (None, 64)
    outputs = layers.Dense(10, activation="softmax")(x)  # (None, 10)
    return keras.Model(image, outputs, name="digits")
