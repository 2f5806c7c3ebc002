"""cifar100, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def build_model():
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(16, 3, activation="relu")(image)  # (None, 30, 30, 16)
    x = layers.MaxPooling2D(2)(x)  # (None, 15, 15, 16)
    x = layers.Conv2D(32, 3, activation="relu")(x)  # (None, 13, 13, 32)
    x = layers.MaxPooling2D(2)(x)  # (None, 6, 6, 32)
    x = layers.Flatten()(x)  # (None, 1152)
    x = layers.Dense(256, activation="relu")(x)  # (None, 256)
    outputs = layers.Dense(100, activation="softmax")(x)  # (None, 100)
    return keras.Model(image, outputs, name="cifar100")
