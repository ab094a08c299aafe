from lib import text
