"""Reading pictures: geometry, marks in the pixels, the two OCR engines."""
