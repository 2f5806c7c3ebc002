"""unet, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def double(inputs, filters):
    """The block `double`."""
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(inputs)
    return layers.Conv2D(filters, 3, padding="same", activation="relu")(x)


def up(below, skip, filters, name=None):
    """The block `up`."""
    x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"{name}_grow")(below)
    x = layers.Concatenate()([skip, x])
    return double(x, filters)


def build_model():
    image = keras.Input((256, 256, 1), name="image")
    down1 = double(image, 64)
    x = layers.MaxPooling2D()(down1)  # (None, 128, 128, 64)
    down2 = double(x, 128)
    x = layers.MaxPooling2D()(down2)  # (None, 64, 64, 128)
    down3 = double(x, 256)
    x = layers.MaxPooling2D()(down3)  # (None, 32, 32, 256)
    down4 = double(x, 512)
    x = layers.MaxPooling2D()(down4)  # (None, 16, 16, 512)
    x = double(x, 1024)
    x = up(x, down4, 512, name="up4")
    x = up(x, down3, 256, name="up3")
    x = up(x, down2, 128, name="up2")
    x = up(x, down1, 64, name="up1")
    outputs = layers.Conv2D(
        2,
        1,
        activation="softmax",
        name="pixels",
    )(x)  # (None, 256, 256, 2)
    return keras.Model(image, outputs, name="unet")
