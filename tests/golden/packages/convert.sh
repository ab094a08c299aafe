cp raw.csv converted
