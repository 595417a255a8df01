# What the examples with topics have in common; they read it. BROKERS is where the brokers are, localhost:9092.
source "$(dirname "${BASH_SOURCE[0]}")/store.sh"
BROKERS=${BROKERS:-localhost:9092}

# Makes a topic, if there is none of that name: make_topic NAME PARTITIONS [NAME=VALUE]
make_topic() {
  "$nilo" kafka topics list --brokers "$BROKERS" | grep -q "^$1  " ||
    "$nilo" kafka topics create "$1" --partitions "$2" ${3:+--set "$3"} --brokers "$BROKERS"
}
