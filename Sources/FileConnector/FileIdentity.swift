/// Which file it is, as the system tells files apart: the same after it was renamed, another after it was replaced.
public struct FileIdentity: Sendable, Hashable {
  public let device: UInt64
  public let inode: UInt64

  public init(device: UInt64, inode: UInt64) {
    (self.device, self.inode) = (device, inode)
  }
}
