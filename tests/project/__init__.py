"""What must hold of the project itself: its layers, its descriptions, its documents."""
