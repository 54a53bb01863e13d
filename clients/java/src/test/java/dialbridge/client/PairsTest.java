package dialbridge.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dialbridge.v1.Value;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PairsTest {
    @Test
    void userDataKeepsOrderAndKind() {
        Map<String, Object> pairs = new LinkedHashMap<>();
        pairs.put("tier", "gold");
        pairs.put("n", Long.MAX_VALUE);
        pairs.put("x", 1.5);
        pairs.put("yes", true);
        pairs.put("nothing", null);
        pairs.put("list", List.of("a", 2L));
        pairs.put("nested", Map.of("k", "v"));
        Map<String, Object> back = Pairs.toMap(Pairs.of(pairs));
        assertEquals(pairs, back);
        assertEquals(new ArrayList<>(pairs.keySet()), new ArrayList<>(back.keySet()));
    }

    @Test
    void anIntegerOfAnySizeKeepsItsDigits() {
        BigInteger huge = BigInteger.TWO.pow(80);
        Value value = Pairs.of(Map.of("huge", huge)).getPairs(0).getValue();
        assertEquals(huge.toString(), value.getNumberLiteral());
    }

    @Test
    void whatCannotBeSaidIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Pairs.of(Map.of("when", Instant.EPOCH)));
    }
}
