"""Accuracy and speed runs. Each says what data it needs and prints what it measured."""
