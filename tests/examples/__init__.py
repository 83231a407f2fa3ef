"""The example apps, compiled and run."""
