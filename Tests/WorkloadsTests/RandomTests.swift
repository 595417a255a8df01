import Testing

@testable import Workloads

@Suite struct RandomTests {
  @Test func splitMixGivesThePublishedValues() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(random.next() == 6_457_827_717_110_365_317)
    #expect(random.next() == 3_203_168_211_198_807_973)
    #expect(random.next() == 9_817_491_932_198_370_423)
  }

  @Test func xoshiroGivesThePublishedValues() {
    var random = Xoshiro256StarStar(state: 1, 2, 3, 4)
    #expect(random.next() == 11_520)
    #expect(random.next() == 0)
    #expect(random.next() == 1_509_978_240)
    #expect(random.next() == 1_215_971_899_390_074_240)
  }

  @Test func rangesAreFilledEvenly() {
    var seeds = SplitMix64(seed: 1)
    var random = Xoshiro256StarStar(seeds: &seeds)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.within(-3...3) + 3] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 500 })
  }

  @Test(arguments: [0, 0.001, 0.25, 0.9995, 1])
  func shareIsExact(share: Double) {
    var seeds = SplitMix64(seed: 7)
    var random = Xoshiro256StarStar(seeds: &seeds)
    var chooser = ExactShare(share, of: 10_000)
    let chosen = (0..<10_000).count { _ in chooser.chooses(using: &random) }
    #expect(chosen == Int((10_000 * share).rounded()))
  }

  @Test func heapGivesTheEarliestFirst() {
    struct Item: Scheduled { let dueMs: Int64 }
    var seeds = SplitMix64(seed: 3)
    var random = Xoshiro256StarStar(seeds: &seeds)
    var heap = MinHeap<Item>()
    let times = (0..<1_000).map { _ in Int64(random.below(300)) }
    for time in times { heap.insert(Item(dueMs: time)) }
    #expect(heap.firstDueMs == times.min())
    var popped: [Int64] = []
    while let item = heap.popFirst() { popped.append(item.dueMs) }
    #expect(popped == times.sorted())
    #expect(heap.firstDueMs == .max)
  }

  @Test func daysCourseIsASine() {
    let hourMs: Int64 = 3_600_000
    #expect(DailyCurve.value(atMs: 15 * hourMs, amplitude: 600) == 600)
    #expect(DailyCurve.value(atMs: 3 * hourMs, amplitude: 600) == -600)
    #expect(DailyCurve.value(atMs: 9 * hourMs, amplitude: 600) == 0)
    #expect(abs(DailyCurve.value(atMs: 11 * hourMs, amplitude: 600) - 300) <= 1)
  }
}
