import numpy as np
import pytest
from scipy.stats import binom

from churnhealth.errors import SchemaError
from churnhealth.evaluate.reliability import reliability_table


class TestReliability:
    # Bins of four. At 0.25: P(0) = 0.316 >= 0.05, so the lower quantile is 0; P(<= 2) = 0.949 < 0.95
    # and P(<= 3) = 0.996, so the upper one is 3 of 4. At 0.5: P(0) = 0.0625 and P(<= 3) = 0.9375.
    def test_by_hand(self):
        table = reliability_table([0] * 4 + [1, 1, 1, 0], [0.25] * 4 + [0.5] * 4, bins=2, level=0.9)
        assert table["bin"].tolist() == [1, 2]
        assert table["customers"].tolist() == [4, 4]
        assert table["mean_predicted"].tolist() == [0.25, 0.5]
        assert table["observed"].tolist() == [0.0, 0.75]
        assert table["band_low"].tolist() == [0.0, 0.0]
        assert table["band_high"].tolist() == [0.75, 1.0]
        assert table["inside"].tolist() == [True, True]

    def test_bins_hold_all_rows_in_order(self, calibrated):
        table = reliability_table(calibrated.y, calibrated.p)
        assert len(table) == 10
        assert table["customers"].sum() == 2000
        assert (table["low"].to_numpy()[1:] > table["high"].to_numpy()[:-1]).all()
        weighted = (table["customers"] * table["observed"]).sum()
        assert weighted == pytest.approx(calibrated.y.sum())

    def test_bands_hold_what_they_promise(self, world):
        tables = [reliability_table(*world(1000, seed=seed)[:2]) for seed in range(40)]
        inside = sum(table["inside"].sum() for table in tables)
        # 400 bins; whole numbers of churners make the bands a little wider than 0.9.
        low, high = binom.ppf([0.001, 0.999], 400, 0.92)
        assert low <= inside <= high

    def test_a_wrong_level_falls_outside(self, world):
        y, p, _ = world(5000, seed=4, shift=0.7)
        assert not reliability_table(y, p)["inside"].any()

    def test_constant_predictions_make_one_bin(self):
        table = reliability_table([0, 1, 0, 1], [0.5] * 4)
        assert table[["customers", "low", "high"]].values.tolist() == [[4, 0.5, 0.5]]

    @pytest.mark.parametrize("settings", [{"bins": 0}, {"level": 1.1}])
    def test_settings_out_of_range_are_refused(self, settings):
        with pytest.raises(SchemaError, match="evaluation settings"):
            reliability_table([0, 1], [0.1, 0.2], **settings)

    def test_bands_are_wider_where_rows_of_a_customer_are_one_draw(self):
        whose = np.repeat(np.arange(100), 4)
        y, p = np.repeat((np.arange(100) % 4 == 0).astype(float), 4), np.full(400, 0.25)
        alone, together = (reliability_table(y, p, customer_id=one).iloc[0] for one in (None, whose))
        # Four equal rows are one: half the width becomes sqrt(4) times as much.
        assert (together["band_high"] - 0.25) == pytest.approx(2 * (alone["band_high"] - 0.25))
        assert (0.25 - together["band_low"]) == pytest.approx(2 * (0.25 - alone["band_low"]))
