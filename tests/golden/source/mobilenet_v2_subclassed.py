"""mobilenet_v2, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


class Convolution(keras.layers.Layer):
    """The block `convolution`."""

    def __init__(self, filters, size=1, stride=1, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.conv = layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding="same",
            use_bias=False,
            name=f"{name}_conv",
        )
        self.bn = layers.BatchNormalization(momentum=0.999, name=f"{name}_bn")

    def call(self, inputs, training=None):
        x = self.conv(inputs)
        return self.bn(x, training=training)


class Depthwise(keras.layers.Layer):
    """The block `depthwise`."""

    def __init__(self, filters, stride=1, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.depthwise = layers.DepthwiseConv2D(
            3,
            strides=stride,
            padding="same",
            use_bias=False,
            name=f"{name}_depthwise",
        )
        self.depthwise_bn = layers.BatchNormalization(
            momentum=0.999,
            name=f"{name}_depthwise_bn",
        )
        self.re_lu = layers.ReLU(max_value=6.0)
        self.project = Convolution(filters, name=f"{name}_project")

    def call(self, inputs, training=None):
        x = self.depthwise(inputs)
        x = self.depthwise_bn(x, training=training)
        x = self.re_lu(x)
        return self.project(x, training=training)


class Inverted(keras.layers.Layer):
    """The block `inverted`."""

    def __init__(self, channels, filters, stride=1, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.expand = Convolution(channels * 6, name=f"{name}_expand")
        self.re_lu = layers.ReLU(max_value=6.0)
        self.reduce = Depthwise(filters, stride=stride, name=f"{name}_reduce")

    def call(self, inputs, training=None):
        x = self.expand(inputs, training=training)
        x = self.re_lu(x)
        return self.reduce(x, training=training)


class Residual(keras.layers.Layer):
    """The block `residual`."""

    def __init__(self, filters, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.way = Inverted(filters, filters=filters, name=f"{name}_way")
        self.add = layers.Add()

    def call(self, inputs, training=None):
        x = self.way(inputs, training=training)
        return self.add([inputs, x])


class Stage(keras.layers.Layer):
    """The block `stage`."""

    def __init__(self, channels, filters, depth, stride=2, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.first = Inverted(
            channels,
            filters=filters,
            stride=stride,
            name=f"{name}_first",
        )
        self.residual = [
            Residual(filters, name=f"{name}_more_{index}") for index in range(1, depth)
        ]

    def call(self, inputs, training=None):
        x = self.first(inputs, training=training)
        for block in self.residual:
            x = block(x, training=training)
        return x


@keras.saving.register_keras_serializable(package="hornbook")
class MobilenetV2(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.stem = Convolution(32, size=3, stride=2, name="stem")
        self.re_lu = layers.ReLU(max_value=6.0)
        self.stage1 = Depthwise(16, name="stage1")
        self.stage2 = Stage(16, filters=24, depth=2, name="stage2")
        self.stage3 = Stage(24, filters=32, depth=3, name="stage3")
        self.stage4 = Stage(32, filters=64, depth=4, name="stage4")
        self.stage5 = Stage(64, filters=96, depth=3, stride=1, name="stage5")
        self.stage6 = Stage(96, filters=160, depth=3, name="stage6")
        self.stage7 = Stage(160, filters=320, depth=1, stride=1, name="stage7")
        self.head = Convolution(1280, name="head")
        self.re_lu_1 = layers.ReLU(max_value=6.0)
        self.global_average_pooling2d = layers.GlobalAveragePooling2D()
        self.predictions = layers.Dense(1000, activation="softmax", name="predictions")

    def call(self, inputs, training=None):
        x = self.stem(inputs, training=training)
        x = self.re_lu(x)
        x = self.stage1(x, training=training)
        x = self.stage2(x, training=training)
        x = self.stage3(x, training=training)
        x = self.stage4(x, training=training)
        x = self.stage5(x, training=training)
        x = self.stage6(x, training=training)
        x = self.stage7(x, training=training)
        x = self.head(x, training=training)
        x = self.re_lu_1(x)
        x = self.global_average_pooling2d(x)
        return self.predictions(x)


def build_model():
    model = MobilenetV2(name="mobilenet_v2")
    model(keras.Input((224, 224, 3), name="image"))  # makes the weights
    return model
