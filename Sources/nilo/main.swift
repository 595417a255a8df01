print("nilo")
