// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableExperimentalFeature("Lifetimes"),
]

/// A Swift module of ours. What is in the files of `embedded` is part of the program, what is `copied` lies beside it, and what
/// is `excluded` is for people.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], embedded: [String] = [],
  copied: [String] = [], excluded: [String] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: excluded,
    resources: embedded.map { .embedInCode($0) } + copied.map { .copy($0) },
    swiftSettings: settings)
}

/// The tests of the module of the same name.
func tests(
  _ name: String, _ dependencies: [Target.Dependency] = [], golden: [String] = []
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
    exclude: golden, swiftSettings: settings)
}

let package = Package(
  name: "nilometer",
  products: [
    .executable(name: "nilo", targets: ["nilo"]),
    .library(name: "Store", targets: ["Store"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
  ],
  targets: [
    // The C boundary: one module map or shim for each library.
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .target(
      name: "CSimdjson", cxxSettings: [.unsafeFlags(["-O2", "-fno-exceptions"])],
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(
      name: "CRE2", cxxSettings: [.unsafeFlags(["-O2", "-fno-exceptions"])],
      linkerSettings: [.linkedLibrary("re2")]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CRdkafka", linkerSettings: [.linkedLibrary("rdkafka")]),

    // One thin Swift module over each of them. Where else there is unsafe code, CONTRIBUTING.md says.
    module("LMDB", ["CLMDB"]),
    module("Zstd", ["CZstd"]),
    module("Gzip", ["CZlib"]),
    module("Snappy", ["CSnappy"]),
    module("Checksum", ["CXXHash"]),
    module("SimdJSON", ["CSimdjson"]),
    module("RE2", ["CRE2"]),
    module("Curl", ["CCurl", "Gzip"]),
    module("KafkaClient", ["CRdkafka", "Threads"]),
    module("Bytes"),
    module("Threads"),
    module("Parquet", ["Bytes", "Zstd"]),
    module("Merkle", [.product(name: "Crypto", package: "swift-crypto")]),

    // The product, from the terms up.
    module("Model", ["Bytes"]),
    module("EventLog", ["Model", "Bytes", "LMDB", "Zstd", "Checksum", "SimdJSON", "Threads"]),
    module("Sketches", ["Bytes"]),
    module("LineProtocol", ["Model", "Bytes", "Checksum"]),
    module("Language", ["Bytes"]),
    module("Asking", ["Language", "Model", "Bytes"]),
    module(
      "Projections",
      [
        "Asking", "EventLog", "Language", "Sketches", "Model", "Bytes", "LMDB", "Checksum",
        "Threads", "CMalloc", "RE2",
      ]),
    module("Query", ["Asking", "Language", "Model", "Bytes", "RE2"]),
    module("PromQL", ["Model", "Bytes", "RE2"]),
    module(
      "RemoteRead",
      ["Snappy", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      excluded: ["Messages/remote.proto"]),
    module(
      "Store",
      ["Query", "Language", "Projections", "EventLog", "Model", "Bytes", "Threads"]),
    module(
      "Audit",
      [
        "Store", "Query", "Projections", "EventLog", "Language", "Merkle", "Model", "Bytes",
        "Threads",
      ]),
    module(
      "Export",
      ["Store", "Query", "Language", "EventLog", "LineProtocol", "Parquet", "Model", "Bytes"]),
    module("FileConnector", ["Model", "Bytes", "Checksum", "Zstd", "Gzip"]),
    module(
      "KafkaConnector", ["Store", "KafkaClient", "Model", "Bytes", "Checksum", "Threads"]),
    module(
      "HTTPConnector", ["Store", "FileConnector", "Curl", "Model", "Bytes", "Checksum"]),
    module(
      "Server",
      [
        "Store", "Query", "PromQL", "RemoteRead", "RE2", "Asking", "FileConnector", "HTTPConnector",
        "KafkaConnector", "KafkaClient", "LineProtocol", "Language", "Model", "Checksum", "Bytes",
        "Curl", "Gzip", "Threads",
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "JWTKit", package: "jwt-kit"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Yams", package: "Yams"),
      ],
      embedded: ["Operation/openapi.yaml"], copied: ["Page/assets"]),
    module(
      "Replay",
      [
        "FileConnector", "Model", "Bytes",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),
    module("Workloads"),
    module("Terminal"),
    .executableTarget(
      name: "nilo",
      dependencies: [
        "Server", "Export", "Store", "Query", "Language", "Terminal", "FileConnector",
        "KafkaClient", "Replay", "Workloads", "Model", "Bytes", "Curl", "CMalloc",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "nilo-bench",
      dependencies: [
        "Store", "Query", "Projections", "Language", "EventLog", "Sketches", "FileConnector",
        "KafkaClient", "Model", "SimdJSON", "Zstd", "Checksum", "Bytes", "CMalloc",
      ],
      path: "Benchmarks/nilo-bench", swiftSettings: settings),

    // What the tests have in common.
    .target(name: "TestSupport", path: "Tests/Support", swiftSettings: settings),
    tests("LMDB"),
    tests("Bytes"),
    tests("Parquet", ["Bytes"], golden: ["compare.py"]),
    tests("RE2"),
    tests("Merkle", golden: ["vectors.py"]),
    tests("Curl", golden: ["server.py"]),
    tests("Model", golden: ["cases", "exact.py", "zones.py"]),
    tests("EventLog", golden: ["golden"]),
    tests("Sketches", golden: ["peers.py"]),
    tests("Language", golden: ["cases"]),
    .testTarget(
      name: "ProjectionsTests",
      dependencies: [
        "Store", "Query", "Projections", "EventLog", "Language", "Workloads", "Model", "Bytes",
        "TestSupport",
      ],
      exclude: ["oracle.py"], swiftSettings: settings),
    tests("Store", ["Query"]),
    .testTarget(
      name: "QueryTests",
      dependencies: [
        "Store", "Query", "Language", "FileConnector", "Workloads", "Model", "Bytes",
        "TestSupport",
      ],
      exclude: ["cases", "oracle.py", "integers.py"], swiftSettings: settings),
    // Copies of what readers share with the one who changes it: `make test-optimised`.
    .testTarget(
      name: "CopyTests",
      dependencies: ["Store", "Projections", "EventLog", "Sketches", "TestSupport"],
      swiftSettings: settings),
    tests(
      "Audit",
      ["Store", "Query", "Projections", "EventLog", "Merkle", "Model", "Bytes", "LMDB"]),
    tests("Export", ["Store", "Model"], golden: ["compare.py"]),
    tests("PromQL", ["Bytes"], golden: ["cases"]),
    tests("RemoteRead", ["Snappy", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    tests("FileConnector"),
    tests("LineProtocol"),
    .testTarget(
      name: "ServerTests",
      dependencies: [
        "Server", "Store", "Query", "Language", "Model", "Curl", "Bytes", "nilo", "TestSupport",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "JWTKit", package: "jwt-kit"),
        .product(name: "Yams", package: "Yams"),
      ],
      exclude: ["cases", "clients.py", "load.py", "webhook.py"],
      swiftSettings: settings),
    // Brokers run in a process of their own: librdkafka's mock of them.
    .executableTarget(
      name: "kafka-mock", dependencies: ["CRdkafka"], path: "Tests/KafkaConnectorTests/Mock",
      swiftSettings: settings),
    .testTarget(
      name: "KafkaConnectorTests",
      dependencies: [
        "KafkaConnector", "KafkaClient", "Server", "Store", "Query", "Language", "Model", "Bytes",
        "nilo", "kafka-mock", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["Mock", "tls.py"], swiftSettings: settings),
    // The server of the tests is a program of Python, which has all the faults.
    .testTarget(
      name: "HTTPConnectorTests",
      dependencies: [
        "HTTPConnector", "Server", "Store", "Query", "Language", "Curl", "Model", "Bytes", "nilo",
        "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["server.py"], swiftSettings: settings),
    tests("Workloads"),
    // What Package.swift, the folders and the page of the architecture say of each other.
    .testTarget(name: "LayoutTests", exclude: ["layout.py"], swiftSettings: settings),
    // The line editor runs in a process of its own, at a pseudo-terminal.
    .executableTarget(
      name: "terminal-echo", dependencies: ["Terminal"], path: "Tests/TerminalTests/Echo",
      swiftSettings: settings),
    .target(
      name: "TestTerminal", dependencies: ["Terminal"], path: "Tests/TestTerminal",
      swiftSettings: settings),
    .testTarget(
      name: "TerminalTests",
      dependencies: ["Terminal", "terminal-echo", "TestTerminal", "TestSupport"],
      exclude: ["Echo", "golden"], swiftSettings: settings),
    // Faults: stores are killed, filled up and damaged, through `nilo` and through a writer of its own.
    .executableTarget(
      name: "crash-writer", dependencies: ["Store", "Query", "Projections", "EventLog", "Model"],
      path: "Tests/CrashTests/Writer", swiftSettings: settings),
    .testTarget(
      name: "CrashTests",
      dependencies: [
        "nilo", "crash-writer", "Store", "Query", "Projections", "EventLog", "Model", "Bytes",
        "Workloads", "TestSupport",
      ],
      exclude: ["Writer"], swiftSettings: settings),
    .testTarget(
      name: "CommandTests", dependencies: ["nilo", "TestTerminal", "TestSupport"],
      exclude: ["golden", "model"],
      swiftSettings: settings),
  ],
  cxxLanguageStandard: .cxx17
)

// For `scripts/test-optimised`, which takes long enough to build.
if Context.environment["NILO_OPTIMISED_TESTS"] != nil {
  package.products = []
  package.targets.removeAll {
    $0.type == .executable || $0.name.hasSuffix("Terminal") || $0.isTest && $0.name != "CopyTests"
  }
}
