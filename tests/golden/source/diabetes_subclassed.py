"""diabetes, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers, regularizers


@keras.saving.register_keras_serializable(package="hornbook")
class Diabetes(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(
            32,
            activation="relu",
            kernel_regularizer=regularizers.L2(l2=0.001),
        )
        self.dropout = layers.Dropout(0.1)
        self.dense_1 = layers.Dense(
            16,
            activation="relu",
            kernel_regularizer=regularizers.L2(l2=0.001),
        )
        self.dense_2 = layers.Dense(1)

    def call(self, inputs, training=None):
        x = self.dense(inputs)
        x = self.dropout(x, training=training)
        x = self.dense_1(x)
        return self.dense_2(x)


def build_model():
    model = Diabetes(name="diabetes")
    model(keras.Input((10,), name="patient"))  # makes the weights
    return model
