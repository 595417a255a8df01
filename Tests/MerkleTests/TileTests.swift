import TestSupport
import Testing

@testable import Merkle

/// Paths of tiles as C2SP tlog-tiles has them.
struct TileTests {
  @Test func pathsOfTheSpecification() {
    #expect(Tile(.hashes(level: 0), 0).path == "tile/0/000")
    #expect(Tile(.hashes(level: 0), 1_234_067).path == "tile/0/x001/x234/067")
    #expect(Tile(.hashes(level: 1), 0, width: 17).path == "tile/1/000.p/17")
    #expect(Tile(.entries, 1_067, width: 8).path == "tile/entries/x001/067.p/8")
  }

  @Test func whatIsReadIsWhatWasWritten() throws {
    rounds(500) { random in
      let content: Tile.Content = random.oneIn(3) ? .entries : .hashes(level: random.below(64))
      let tile = Tile(
        content, random.word() >> 9, width: random.oneIn(2) ? 256 : random.within(1...255))
      try checkEqual(Tile(path: tile.path), tile, tile.path)
    }
  }

  @Test(arguments: [
    "", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000",
    "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/data/000", "tile/0/x000/001",
    "tile/0/001/067",
    "tile/0/x001/x067", "tile/0/x001", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0",
    "tile/0/000.p/256", "tile/0/000.p/08", "tile/0/000.p/+8", "tile/0/000.p/8/9", "/tile/0/000",
    "tile/0/000/", "tile//000", "tile/0/+01", "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
  ])
  func refused(_ path: String) { #expect(Tile(path: path) == nil) }
}
