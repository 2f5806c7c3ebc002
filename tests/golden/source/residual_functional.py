"""residual, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def build_model():
    image = keras.Input((32, 32, 3), name="image")
    x = layers.RandomFlip("horizontal")(image)  # (None, 32, 32, 3)
    stem = layers.Conv2D(
        16,
        3,
        padding="same",
        use_bias=False,
        name="stem",
    )(x)  # (None, 32, 32, 16)
    x = layers.BatchNormalization()(stem)  # (None, 32, 32, 16)
    x = layers.ReLU()(x)  # (None, 32, 32, 16)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)  # (None, 32, 32, 16)
    x = layers.BatchNormalization()(x)  # (None, 32, 32, 16)
    x = layers.ReLU()(x)  # (None, 32, 32, 16)
    x = layers.Conv2D(
        16,
        3,
        padding="same",
        use_bias=False,
        name="first",
    )(x)  # (None, 32, 32, 16)
    first_sum = layers.Add(name="first_sum")([x, stem])  # (None, 32, 32, 16)
    x = layers.BatchNormalization()(first_sum)  # (None, 32, 32, 16)
    x = layers.ReLU()(x)  # (None, 32, 32, 16)
    x = layers.Conv2D(
        32,
        3,
        strides=2,
        padding="same",
        use_bias=False,
    )(x)  # (None, 16, 16, 32)
    x = layers.BatchNormalization()(x)  # (None, 16, 16, 32)
    x = layers.ReLU()(x)  # (None, 16, 16, 32)
    second = layers.Conv2D(
        32,
        3,
        padding="same",
        use_bias=False,
        name="second",
    )(x)  # (None, 16, 16, 32)
    x = layers.Conv2D(
        32,
        1,
        strides=2,
        name="shortcut",
    )(first_sum)  # (None, 16, 16, 32)
    x = layers.Add()([second, x])  # (None, 16, 16, 32)
    x = layers.BatchNormalization()(x)  # (None, 16, 16, 32)
    x = layers.ReLU()(x)  # (None, 16, 16, 32)
    x = layers.GlobalAveragePooling2D()(x)  # (None, 32)
    outputs = layers.Dense(10, activation="softmax")(x)  # (None, 10)
    return keras.Model(image, outputs, name="residual")
