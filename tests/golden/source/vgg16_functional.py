"""vgg16, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def convolution(inputs, filters):
    """The block `convolution`."""
    return layers.Conv2D(filters, 3, padding="same", activation="relu")(inputs)


def stage(inputs, filters, depth):
    """The block `stage`."""
    x = inputs
    for _ in range(depth):
        x = convolution(x, filters)
    return layers.MaxPooling2D()(x)


def hidden(inputs):
    """The block `hidden`."""
    return layers.Dense(4096, activation="relu")(inputs)


def build_model():
    image = keras.Input((224, 224, 3), name="image")
    x = stage(image, 64, depth=2)
    x = stage(x, 128, depth=2)
    x = stage(x, 256, depth=3)
    x = stage(x, 512, depth=3)
    x = stage(x, 512, depth=3)
    x = layers.Flatten()(x)  # (None, 25088)
    for _ in range(2):
        x = hidden(x)
    outputs = layers.Dense(
        1000,
        activation="softmax",
        name="predictions",
    )(x)  # (None, 1000)
    return keras.Model(image, outputs, name="vgg16")
