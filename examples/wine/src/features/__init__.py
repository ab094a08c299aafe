"""The features of the project: code that stages import, and so depend on."""
