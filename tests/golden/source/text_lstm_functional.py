"""text_lstm, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def build_model():
    words = keras.Input((200,), name="words", dtype="int32")
    x = layers.Embedding(10000, 32)(words)  # (None, 200, 32)
    x = layers.SpatialDropout1D(0.2)(x)  # (None, 200, 32)
    x = layers.Bidirectional(layers.LSTM(32))(x)  # (None, 64)
    x = layers.Dropout(0.3)(x)  # (None, 64)
    outputs = layers.Dense(1, activation="sigmoid")(x)  # (None, 1)
    return keras.Model(words, outputs, name="text_lstm")
