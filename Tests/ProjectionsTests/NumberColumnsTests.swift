import Model
import Testing

@testable import Projections

@Suite struct NumberColumnsTests {
  /// The decimals of a number are the same whichever number they were guessed from.
  @Test func aGuessChangesNothing() {
    rounds(2_000) { random in
      let mantissa = Int64(bitPattern: random.next()) >> Int64(random.below(63))
      let other = KeptNumber(mantissa: mantissa, scale: random.below(10))
      let near = KeptNumber(mantissa: mantissa &+ Int64(random.below(3)), scale: random.below(10))
      let any = Number(Double(bitPattern: random.next())) ?? .zero
      for number in [other.number, near.number, any] where !number.double.isInfinite {
        let found = NumberColumns.kept(number, like: other)
        try checkEqual(found, KeptNumber(number), "\(number) like \(other)")
      }
    }
  }
}
