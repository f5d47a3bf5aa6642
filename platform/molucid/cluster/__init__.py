"""The only room of the library that imports ray."""
