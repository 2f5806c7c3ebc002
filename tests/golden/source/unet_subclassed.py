"""unet, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


class Double(keras.layers.Layer):
    """The block `double`."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.conv2d = layers.Conv2D(filters, 3, padding="same", activation="relu")
        self.conv2d_1 = layers.Conv2D(filters, 3, padding="same", activation="relu")

    def call(self, inputs):
        x = self.conv2d(inputs)
        return self.conv2d_1(x)


class Up(keras.layers.Layer):
    """The block `up`."""

    def __init__(self, filters, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.grow = layers.Conv2DTranspose(filters, 2, strides=2, name=f"{name}_grow")
        self.concatenate = layers.Concatenate()
        self.double = Double(filters)

    def call(self, below, skip):
        x = self.grow(below)
        x = self.concatenate([skip, x])
        return self.double(x)


@keras.saving.register_keras_serializable(package="hornbook")
class Unet(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.down1 = Double(64)
        self.max_pooling2d = layers.MaxPooling2D()
        self.down2 = Double(128)
        self.max_pooling2d_1 = layers.MaxPooling2D()
        self.down3 = Double(256)
        self.max_pooling2d_2 = layers.MaxPooling2D()
        self.down4 = Double(512)
        self.max_pooling2d_3 = layers.MaxPooling2D()
        self.bottom = Double(1024)
        self.up4 = Up(512, name="up4")
        self.up3 = Up(256, name="up3")
        self.up2 = Up(128, name="up2")
        self.up1 = Up(64, name="up1")
        self.pixels = layers.Conv2D(2, 1, activation="softmax", name="pixels")

    def call(self, inputs):
        down1 = self.down1(inputs)
        x = self.max_pooling2d(down1)
        down2 = self.down2(x)
        x = self.max_pooling2d_1(down2)
        down3 = self.down3(x)
        x = self.max_pooling2d_2(down3)
        down4 = self.down4(x)
        x = self.max_pooling2d_3(down4)
        x = self.bottom(x)
        x = self.up4(x, down4)
        x = self.up3(x, down3)
        x = self.up2(x, down2)
        x = self.up1(x, down1)
        return self.pixels(x)


def build_model():
    model = Unet(name="unet")
    model(keras.Input((256, 256, 1), name="image"))  # makes the weights
    return model
