import Glibc

func environmentValue(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}

func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
