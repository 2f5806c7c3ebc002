"""resnet50, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def normalized(inputs, filters, size=1, stride=1, name=None):
    """The block `normalized`."""
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        name=f"{name}_conv",
    )(inputs)
    return layers.BatchNormalization(epsilon=1.001e-05, name=f"{name}_bn")(x)


def bottleneck(inputs, filters, stride=1, name=None):
    """The block `bottleneck`."""
    x = normalized(inputs, filters, stride=stride, name=f"{name}_1")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    x = normalized(x, filters, size=3, name=f"{name}_2")
    x = layers.ReLU(name=f"{name}_2_relu")(x)
    return normalized(x, filters * 4, name=f"{name}_3")


def projection(inputs, filters, stride, name=None):
    """The block `projection`."""
    x = normalized(inputs, filters, stride=stride, name=f"{name}_1")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    x = normalized(x, filters, size=3, name=f"{name}_2")
    layer_2_relu = layers.ReLU(name=f"{name}_2_relu")(x)
    layer_0_conv = layers.Conv2D(
        filters * 4,
        1,
        strides=stride,
        padding="same",
        name=f"{name}_0_conv",
    )(inputs)
    layer_3_conv = layers.Conv2D(
        filters * 4,
        1,
        strides=1,
        padding="same",
        name=f"{name}_3_conv",
    )(layer_2_relu)
    layer_0_bn = layers.BatchNormalization(
        epsilon=1.001e-05,
        name=f"{name}_0_bn",
    )(layer_0_conv)
    x = layers.BatchNormalization(epsilon=1.001e-05, name=f"{name}_3_bn")(layer_3_conv)
    x = layers.Add(name=f"{name}_add")([layer_0_bn, x])
    return layers.ReLU(name=f"{name}_out")(x)


def identity(inputs, filters, name=None):
    """The block `identity`."""
    x = bottleneck(inputs, filters, name=name)
    x = layers.Add(name=f"{name}_add")([inputs, x])
    return layers.ReLU(name=f"{name}_out")(x)


def stage(inputs, filters, depth, stride=2, name=None):
    """The block `stage`."""
    x = projection(inputs, filters, stride=stride, name=f"{name}_block1")
    for index in range(2, depth + 1):
        x = identity(x, filters, name=f"{name}_block{index}")
    return x


def build_model():
    image = keras.Input((224, 224, 3), name="image")
    x = normalized(image, 64, size=7, stride=2, name="conv1")
    x = layers.ReLU(name="conv1_relu")(x)  # (None, 112, 112, 64)
    x = layers.MaxPooling2D(
        3,
        strides=2,
        padding="same",
        name="pool1_pool",
    )(x)  # (None, 56, 56, 64)
    x = stage(x, 64, depth=3, stride=1, name="conv2")
    x = stage(x, 128, depth=4, name="conv3")
    x = stage(x, 256, depth=6, name="conv4")
    x = stage(x, 512, depth=3, name="conv5")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)  # (None, 2048)
    outputs = layers.Dense(
        1000,
        activation="softmax",
        name="predictions",
    )(x)  # (None, 1000)
    return keras.Model(image, outputs, name="resnet50")
