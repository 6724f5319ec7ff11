"""The model: columns become numbers, learners are stacked on the log-odds, a calibrator ends it."""
