"""What a person can do in the window: one registry for menus, hotkeys and the command palette."""
