"""text_lstm, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="hornbook")
class TextLstm(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embedding = layers.Embedding(10000, 32)
        self.spatial_dropout1d = layers.SpatialDropout1D(0.2)
        self.bidirectional = layers.Bidirectional(layers.LSTM(32))
        self.dropout = layers.Dropout(0.3)
        self.dense = layers.Dense(1, activation="sigmoid")

    def call(self, inputs, training=None):
        x = self.embedding(inputs)
        x = self.spatial_dropout1d(x, training=training)
        x = self.bidirectional(x)
        x = self.dropout(x, training=training)
        return self.dense(x)


def build_model():
    model = TextLstm(name="text_lstm")
    model(keras.Input((200,), name="words", dtype="int32"))  # makes the weights
    return model
