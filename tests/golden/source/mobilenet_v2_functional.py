"""mobilenet_v2, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def convolution(inputs, filters, size=1, stride=1, name=None):
    """The block `convolution`."""
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        name=f"{name}_conv",
    )(inputs)
    return layers.BatchNormalization(momentum=0.999, name=f"{name}_bn")(x)


def depthwise(inputs, filters, stride=1, name=None):
    """The block `depthwise`."""
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        name=f"{name}_depthwise",
    )(inputs)
    x = layers.BatchNormalization(momentum=0.999, name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(max_value=6.0)(x)
    return convolution(x, filters, name=f"{name}_project")


def inverted(inputs, channels, filters, stride=1, name=None):
    """The block `inverted`."""
    x = convolution(inputs, channels * 6, name=f"{name}_expand")
    x = layers.ReLU(max_value=6.0)(x)
    return depthwise(x, filters, stride=stride, name=f"{name}_reduce")


def residual(inputs, filters, name=None):
    """The block `residual`."""
    x = inverted(inputs, filters, filters=filters, name=f"{name}_way")
    return layers.Add()([inputs, x])


def stage(inputs, channels, filters, depth, stride=2, name=None):
    """The block `stage`."""
    x = inverted(inputs, channels, filters=filters, stride=stride, name=f"{name}_first")
    for index in range(1, depth):
        x = residual(x, filters, name=f"{name}_more_{index}")
    return x


def build_model():
    image = keras.Input((224, 224, 3), name="image")
    x = convolution(image, 32, size=3, stride=2, name="stem")
    x = layers.ReLU(max_value=6.0)(x)  # (None, 112, 112, 32)
    x = depthwise(x, 16, name="stage1")
    x = stage(x, 16, filters=24, depth=2, name="stage2")
    x = stage(x, 24, filters=32, depth=3, name="stage3")
    x = stage(x, 32, filters=64, depth=4, name="stage4")
    x = stage(x, 64, filters=96, depth=3, stride=1, name="stage5")
    x = stage(x, 96, filters=160, depth=3, name="stage6")
    x = stage(x, 160, filters=320, depth=1, stride=1, name="stage7")
    x = convolution(x, 1280, name="head")
    x = layers.ReLU(max_value=6.0)(x)  # (None, 7, 7, 1280)
    x = layers.GlobalAveragePooling2D()(x)  # (None, 1280)
    outputs = layers.Dense(
        1000,
        activation="softmax",
        name="predictions",
    )(x)  # (None, 1000)
    return keras.Model(image, outputs, name="mobilenet_v2")
