"""diabetes, as a Functional Keras model, and its training. Compiled by hornbook."""

import keras
import numpy as np
from keras import layers, regularizers
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

EPOCHS = 60
BATCH_SIZE = 32
SEED = 0


def load_data():
    """Return training and test examples, standardised by the training examples."""
    x, y = load_diabetes(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.2, random_state=SEED
    )
    scaler = StandardScaler().fit(x_train)
    x_train, x_test = (scaler.transform(x).astype("float32") for x in (x_train, x_test))
    return (x_train, y_train), (x_test, y_test)


def hold_out(x, y, fraction):
    """Split examples at random: the larger part to train, the rest to validate."""
    examples = len(x)
    order = np.random.default_rng(SEED).permutation(examples)
    cut = examples - max(1, int(examples * fraction))
    return [(x[part], y[part]) for part in (order[:cut], order[cut:])]


def build_model():
    patient = keras.Input((10,), name="patient")
    x = layers.Dense(
        32,
        activation="relu",
        kernel_regularizer=regularizers.L2(l2=0.001),
    )(patient)
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(
        16,
        activation="relu",
        kernel_regularizer=regularizers.L2(l2=0.001),
    )(x)
    outputs = layers.Dense(1)(x)
    return keras.Model(patient, outputs, name="diabetes")


def main():
    keras.utils.set_random_seed(SEED)
    (x_train, y_train), (x_test, y_test) = load_data()
    (x_train, y_train), validation = hold_out(x_train, y_train, 0.1)
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss="mean_squared_error",
        metrics=["mean_absolute_error"],
    )
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=validation,
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=5),
            keras.callbacks.EarlyStopping(patience=15, restore_best_weights=True),
        ],
    )
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))


if __name__ == "__main__":
    main()
