"""Buttons, fields, forms, dialogs and tables that any panel may use."""
