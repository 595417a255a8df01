import Foundation

/// A second process on the same directory: Python, with LMDB called by `ctypes`.
struct OtherProcess {
  static let python = "/usr/bin/python3"

  /// Whether there is a Python that finds LMDB.
  static let isAvailable = (try? run("print('here')"))?.output == "here\n"

  private let process: Process
  private let input = Pipe()
  private let output = Pipe()

  /// Starts `script` and waits for the first line that it prints.
  init(_ script: String, _ arguments: String...) throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: Self.python)
    process.arguments = ["-c", Self.preamble + script] + arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      let byte = output.fileHandleForReading.readData(ofLength: 1)
      if byte.isEmpty { break }
      line += byte
    }
  }

  var pid: Int32 { process.processIdentifier }

  /// Lets the script go on after `sys.stdin.read()`, and waits for its end.
  func finish() throws -> (output: String, status: Int32) {
    try input.fileHandleForWriting.close()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), process.terminationStatus)
  }

  static func run(_ script: String, _ arguments: String...) throws -> (output: String, Int32) {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", preamble + script] + arguments
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), process.terminationStatus)
  }

  private static let preamble = """
    import ctypes, fcntl, os, struct, sys
    lib = ctypes.CDLL("liblmdb.so.0")
    P, NOTLS, RDONLY = ctypes.c_void_p, 0x200000, 0x20000
    class Val(ctypes.Structure):
      _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]
    def val(b):
      keep = ctypes.create_string_buffer(b, len(b))
      v = Val(len(b), ctypes.cast(keep, P)); v.keep = keep
      return v
    def ok(rc):
      if rc: raise SystemExit("lmdb: %d" % rc)
    def open_env(flags, mapsize=0):
      env = P()
      ok(lib.mdb_env_create(ctypes.byref(env)))
      ok(lib.mdb_env_set_maxdbs(env, 1))
      if mapsize: ok(lib.mdb_env_set_mapsize(env, ctypes.c_size_t(mapsize)))
      ok(lib.mdb_env_open(env, sys.argv[1].encode(), flags | NOTLS, 0o660))
      return env
    def begin(env, flags):
      txn = P()
      ok(lib.mdb_txn_begin(env, None, flags, ctypes.byref(txn)))
      dbi = ctypes.c_uint()
      ok(lib.mdb_dbi_open(txn, b"points", 0, ctypes.byref(dbi)))
      return txn, dbi
    def put(txn, dbi, key, value):
      k, v = val(struct.pack(">Q", key)), val(value)
      ok(lib.mdb_put(txn, dbi, ctypes.byref(k), ctypes.byref(v), 0))
    def get(txn, dbi, key):
      k, v = val(struct.pack(">Q", key)), Val()
      ok(lib.mdb_get(txn, dbi, ctypes.byref(k), ctypes.byref(v)))
      return ctypes.string_at(v.data, v.size)

    """
}
