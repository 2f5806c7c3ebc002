"""vgg16, as a Sequential Keras model. Compiled by hornbook."""

import keras
from keras import layers


def build_model():
    return keras.Sequential(
        [
            keras.Input((224, 224, 3), name="image"),
            layers.Conv2D(
                64,
                3,
                padding="same",
                activation="relu",
                name="stage_convolution_1_conv2d",
            ),
            layers.Conv2D(
                64,
                3,
                padding="same",
                activation="relu",
                name="stage_convolution_2_conv2d",
            ),
            layers.MaxPooling2D(name="stage_max_pooling2d"),
            layers.Conv2D(
                128,
                3,
                padding="same",
                activation="relu",
                name="stage_1_convolution_1_conv2d",
            ),
            layers.Conv2D(
                128,
                3,
                padding="same",
                activation="relu",
                name="stage_1_convolution_2_conv2d",
            ),
            layers.MaxPooling2D(name="stage_1_max_pooling2d"),
            layers.Conv2D(
                256,
                3,
                padding="same",
                activation="relu",
                name="stage_2_convolution_1_conv2d",
            ),
            layers.Conv2D(
                256,
                3,
                padding="same",
                activation="relu",
                name="stage_2_convolution_2_conv2d",
            ),
            layers.Conv2D(
                256,
                3,
                padding="same",
                activation="relu",
                name="stage_2_convolution_3_conv2d",
            ),
            layers.MaxPooling2D(name="stage_2_max_pooling2d"),
            layers.Conv2D(
                512,
                3,
                padding="same",
                activation="relu",
                name="stage_3_convolution_1_conv2d",
            ),
            layers.Conv2D(
                512,
                3,
                padding="same",
                activation="relu",
                name="stage_3_convolution_2_conv2d",
            ),
            layers.Conv2D(
                512,
                3,
                padding="same",
                activation="relu",
                name="stage_3_convolution_3_conv2d",
            ),
            layers.MaxPooling2D(name="stage_3_max_pooling2d"),
            layers.Conv2D(
                512,
                3,
                padding="same",
                activation="relu",
                name="stage_4_convolution_1_conv2d",
            ),
            layers.Conv2D(
                512,
                3,
                padding="same",
                activation="relu",
                name="stage_4_convolution_2_conv2d",
            ),
            layers.Conv2D(
                512,
                3,
                padding="same",
                activation="relu",
                name="stage_4_convolution_3_conv2d",
            ),
            layers.MaxPooling2D(name="stage_4_max_pooling2d"),
            layers.Flatten(),
            layers.Dense(4096, activation="relu", name="hidden_1_dense"),
            layers.Dense(4096, activation="relu", name="hidden_2_dense"),
            layers.Dense(1000, activation="softmax", name="predictions"),
        ],
        name="vgg16",
    )
