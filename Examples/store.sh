# What all examples have in common; they read it. The program is $nilo, or the one on the PATH.
nilo=${nilo:-nilo}

# An example fills a store of its own: new_store DIRECTORY
new_store() {
  [[ ! -e $1 ]] || {
    echo "$1 is there already, perhaps of an earlier run: remove it, or name another directory" >&2
    exit 1
  }
}
