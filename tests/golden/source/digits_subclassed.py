"""digits, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="hornbook")
class Digits(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv2d = layers.Conv2D(32, 3, padding="same", activation="relu")
        self.max_pooling2d = layers.MaxPooling2D(2)
        self.conv2d_1 = layers.Conv2D(64, 3, padding="same", activation="relu")
        self.flatten = layers.Flatten()
        self.dropout = layers.Dropout(0.25)
        self.dense = layers.Dense(64, activation="relu")
        self.dense_1 = layers.Dense(10, activation="softmax")

    def call(self, inputs, training=None):
        x = self.conv2d(inputs)
        x = self.max_pooling2d(x)
        x = self.conv2d_1(x)
        x = self.flatten(x)
        x = self.dropout(x, training=training)
        x = self.dense(x)
        return self.dense_1(x)


def build_model():
    model = Digits(name="digits")
    model(keras.Input((8, 8, 1), name="image"))  # makes the weights
    return model
