// In the place of Django's script of this name, which writes to localStorage on every page. The administration follows
// the browser's own choice of light or dark (admin/css/dark_mode.css), and keeps nothing.
