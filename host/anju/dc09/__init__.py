"""SIA DC-09 as bytes: `frame` builds, seals and reads answers, for whoever reports; `heard` reads messages and answers them."""
