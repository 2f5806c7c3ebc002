"""vgg16, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


class Convolution(keras.layers.Layer):
    """The block `convolution`."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.conv2d = layers.Conv2D(filters, 3, padding="same", activation="relu")

    def call(self, inputs):
        return self.conv2d(inputs)


class Stage(keras.layers.Layer):
    """The block `stage`."""

    def __init__(self, filters, depth, **kwargs):
        super().__init__(**kwargs)
        self.convolution = [Convolution(filters) for _ in range(depth)]
        self.max_pooling2d = layers.MaxPooling2D()

    def call(self, inputs):
        x = inputs
        for block in self.convolution:
            x = block(x)
        return self.max_pooling2d(x)


class Hidden(keras.layers.Layer):
    """The block `hidden`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(4096, activation="relu")

    def call(self, inputs):
        return self.dense(inputs)


@keras.saving.register_keras_serializable(package="hornbook")
class Vgg16(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.stage = Stage(64, depth=2)
        self.stage_1 = Stage(128, depth=2)
        self.stage_2 = Stage(256, depth=3)
        self.stage_3 = Stage(512, depth=3)
        self.stage_4 = Stage(512, depth=3)
        self.flatten = layers.Flatten()
        self.hidden = [Hidden() for _ in range(2)]
        self.predictions = layers.Dense(1000, activation="softmax", name="predictions")

    def call(self, inputs):
        x = self.stage(inputs)
        x = self.stage_1(x)
        x = self.stage_2(x)
        x = self.stage_3(x)
        x = self.stage_4(x)
        x = self.flatten(x)
        for block in self.hidden:
            x = block(x)
        return self.predictions(x)


def build_model():
    model = Vgg16(name="vgg16")
    model(keras.Input((224, 224, 3), name="image"))  # makes the weights
    return model
