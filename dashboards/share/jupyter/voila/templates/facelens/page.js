"use strict";
(() => {
  // shared.js
  function element(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "dataset") Object.assign(node.dataset, value);
      else if (key in node && key !== "list") node[key] = value;
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  }
  function pictures() {
    const urls = /* @__PURE__ */ new Set();
    return {
      url(buffer, type) {
        const url = URL.createObjectURL(new Blob([buffer], { type }));
        urls.add(url);
        return url;
      },
      free() {
        for (const url of urls) URL.revokeObjectURL(url);
        urls.clear();
      }
    };
  }
  function listen(model, el, handlers) {
    const trouble = element("p", { className: "trouble", role: "alert", hidden: true });
    el.prepend(trouble);
    const receive = (message, buffers) => {
      trouble.hidden = message.kind !== "error";
      trouble.textContent = message.kind === "error" ? message.text : "";
      handlers[message.kind]?.(message, buffers);
    };
    model.on("msg:custom", receive);
    model.send({ kind: "ready", view: crypto.getRandomValues(new Uint32Array(2)).join("-") });
    return () => model.off("msg:custom", receive);
  }

  // thumbs/1.jpg
  var __default = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCABgAGADASIAAhEBAxEB/8QAGwAAAQUBAQAAAAAAAAAAAAAABAECAwUGBwD/xAAXAQADAQAAAAAAAAAAAAAAAAAAAQID/9oADAMBAAIQAxAAAAG2lWSaRyxA8bN2WdWhAlMjTNorvSXeVWDuj8iGnZBlTj4I4uyFfCKqt82VS6D57d4ERXBlBrEXC9bIJO6ZnL0AMfLNMTuXx+1lr0kpKGUKmXG5cdqs8GRGa1ZJGuMaSKyHKXeCuQ1MrUdYJzyYa2Q1dXM3/q+x2zRr2oxNpREK6aq6Fh6zFcxQa1UaM6hy+6T6Skbh/wD/xAAiEAACAgICAwEBAQEAAAAAAAABAgMEABESEwUQICEUIiP/2gAIAQEAAQUCwYPRONMgxZcWRHw/AGazWM4UNdM9mIHGcKrkMYrTqVYOvoZvJrHWI5i7COOJ0ZdtyOMFA7VV6M/Gzr4kblYb/k0gGL/k9q5NZBQa5KeEu/i04W1HuW3+FVSFhLWgIt0Rolon2CI/yH35Gqxzxq7mlopKI4+pmXtm/mkjF6PjNXjMto/AH50pExmAXl+9oE7uOueCSzNVqrVj1mvWs7okx7UDDiGRAeMynnOAkddAkOa9ay/5HrLTTS5BvvB4Er+SaTIz3z/E8udElq1a4QhCVaLytaSL+iM42zj+QFeWrdjtJ61jWFL1gFW3CUbAc37gmavJTsixHhw19y159NMY7K2V65B8RqHWhK0TqwZc/8QAGhEBAAIDAQAAAAAAAAAAAAAAARAgAAIREv/aAAgBAwEBPwGAzzQM5UsMrTuLO+nl5Qj/xAAdEQABBAIDAAAAAAAAAAAAAAABAAIQESAhEhMx/9oACAECAQE/AYL6XYg4GS7cjRkto5OGl7AGFICzLTyGX//EAC0QAAEDAgQEBQQDAAAAAAAAAAEAAhESIQMgMVEQIkGBEzJCcZEEI2GxMHKS/9oACAEBAAY/Asvm+Fdrh7rld/BcpzPSNApbDVd0e6lhVL7hS0yMsDVX+USYdUtT3XpPZGRCO6OC4+b95cRp3Qb1Kgt4QVS5S4lMxT0OV02TNpXMGdyopVwqmVjsqSVcpk60jJ4zBO6ujMyeBkqzyb3QWG0NkeZ2apohQBLlzLlupTaFAu7qct3hUh91Ywd1d3y1Qx7f8oCU23NGWhmqkuKw/wCwUHQ8JKANxrlpbpRKMC7j8LwcPpqd0HbKMWWH2lfa+saPw5VYmID3TfCM7wrG+Rj9KuR34WIfWVU4Go3vmDhoteb98SwmARaN1DvM2xTcJ7dbteOiimMsKOrbhBw0PD//xAAjEAEAAgICAgIDAQEAAAAAAAABABEhMUFREGFxkYGx4fCh/9oACAEBAAE/IYMeFVPolGIV0ZMDZvYl4Apxz4K+LziDDwXaXIGrTcE0FyE47doolAK8P9gX2zyQoRIblVF4FuP1iG29qOEymADrVrqYjdHDOSC81UqzlY3GxBp6hg8EzBO0VdmOly+YQBujuJ1g6ZskcepaykcUbmNCm/OYBItypUOBaWB4PolExPjWY239z9UYe+B3hDOzmyNHRUuPvPqDCVGXV0evca86IuajJNTj0aJRWoMBK+2tZdnxMT+IbSk9BA34CBAcpyRPBMohojUWR5axG6VOY1hlcRzWZbK7fz/JSMkIQUR+5yoCsRZ1dA4iXTZvVGglXfSWgW5YqVFZazN+AQplnOC0de2XCp61AGfs9xw9EwG8t3Zmjjl+JU5jLzL73MvdoQO3Ny6HcFoUXy+4JNqyD8RyYPuP49f0lP5KCoihXmhBAfHcZSzGEpAkP+L+GoehAoemJSlse3U2MwRVeUhy2HMHXal3078KdXom/aKmL877iJNuUdRU/B+MTOOvKF9769/7uNv9LJNCBZ4//9oADAMBAAIAAwAAABBQhIYuFld4KgCGs/EY4yy7KNp4hMoicLyRgc7/xAAaEQEBAQEBAQEAAAAAAAAAAAABABARISAx/9oACAEDAQE/EM63Eib4YZ9IxdMZuYwwk3Rz2P2DHzUR/Jv/xAAZEQEBAQEBAQAAAAAAAAAAAAABABEQMSH/2gAIAQIBAT8Q222YEI9vJ6zF3jwZsthsCw9k3M4FrDY/LM158DZVIR6WRNkOpZZz35F//8QAJhABAAICAgIBBAIDAAAAAAAAAQARITFBUWFxgZGhscEQ0eHw8f/aAAgBAQABPxCrdRy7BbmBdhGrLQ5ZbiVZV8EbfBoS/gbI3tKvQ+GYL3EahbuVECIzBwRAYYiAdG1+JdlEoU15U5gtMcgV9rTEVFNo/UiYAbBwRUwLS58Kn7nLmA/EDhKpaihB9xiF5dXp2ynly2A8ESkQb2c4eH+oCk8KHoqBWJyVnqsTJir0Bg3xtwQJwwl7cBdGq8J94g2RcJGzET3LhZJ0AMQC4kqy6Hv3BA9FYVcuZYE1xLEUWkap98kxObFHNvPhhcBBW26viPg8gM0H6uBE0lkHSoiPWUIBEe8GZeS0nux/UvIjkA9DEsQC4uvoTCQKVprlfqK80Nx82ZnFWk+4+vbVyj/mJzKB70uCG4lhaXogR3dNDxW4v2Et4cRiLKxKVdAujMGimrdgqcpjCj/uol0TI0vCrMeJlgcNvTf7jNqolg7v20fMVtATj+JbigAjhExDMYA6Et/uFxNx9/1OyYBo+Ywc6ACr7qIcyYGDqigqge2W/BK2WcHQ4JYynUFupYXqVhTgbfaUJrqXLb1dRRS0GL0c7hHWqzE92cMz6gHXwOX7S/oGR4rmPbCybN0vyTaMA4YBUAMq8RkwK1aBx7OCMA/ZcHwYltGGb2wgIPN69MdhrOMx5Q43KcZHS8D1dQV5hGviEHehuGgnxV/WPMQAYLVvwRDUMjnmZwcB0RA8JnsbJrHpH8I49kvAZ26rxgQ0Z/6kmQrhajGB0+tQ9VaYtyBw+PpcGZUihdRcggbb2BeBfMYGwXkofmMj0cUCw044ir6oCNQ6lzyRbxo6nMQisWKDf2Th4gOQk6ep2aTuFGJigEWBUVlezzfNR41VF5JgPkxf15l9HuvRdeb6ijoVDspTXGSDKGkRf4e2kHyYPqofA6luUfLya9CfiKbY28JcUZ//2Q==";

  // thumbs/2.jpg
  var __default2 = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCABgAGADASIAAhEBAxEB/8QAGwAAAQUBAQAAAAAAAAAAAAAABQABAwQGAgf/xAAZAQACAwEAAAAAAAAAAAAAAAADBAECBQD/2gAMAwEAAhADEAAAAcnDLC3XVgVfVIbC3tJNchIRMnFlmmjZDy7qeviAiTaJj+6ILk79OUdrTV4Im1dzmp0U4lKxhiRZKmo2io82mwRI540BiOnfp9wYp13o50Tys2rieUaUcMkLOeQaK8x9jYaXjmekhdamUmSYXw10mIzNvb0gIxcessoLNjdOmQtWxJhz2nmGWXRR5Aakg0zsp700VWHjLqA1QNNa3acg3IjOZ7//xAAlEAACAgEEAgICAwAAAAAAAAABAgMEAAUREhMQFCAhIjQVIzP/2gAIAQEAAQUCikMUu+NeEumj9Sn6PoIxkUEE7Ztm3kI3XsQU/TpVWuR3jShp0D3V9XJjz1qtuN1KN5o2q0VDTokkuygIq2ZY44raosmpbp/IxPDLagRvfe1ZzbwD9K7IyEmuATiabYcHSrIwaTOcl06eNa/1Y2zbNsuUjTIRmMf61ULADc+oZ+0WLDJntMU4iW1t42y3ca2wlHRX/wA+lZSKnc8cHB5KquRTjjPAKfgAWahU6FYcgrcAk0iZLYdwHWRGGw+GmECxliaWPBtNX5yg8nbNliiBJj8gciv4MkvOPkAEPTXW1BsbVfGn/oQqyebVXowsN0v9UMkzyBh+M0PIwwcM1FBHpcViSHItRU4rK4yzdms/Cki3dLlhYGnSeY69Nys+N9siuyx/HRr0dWOfVrU0un6pJUllkaaX4f/EACERAAIBBAICAwAAAAAAAAAAAAACAQMQERIhMQRRIDJB/9oACAEDAQE/AbSmexqXq+Sfw0c1eCpHNuCmuYzBr7Mejyk1mLKst0JxB2dQeS2z2ooiLsTWRPqQ0yuSo2F5GSfglXUd5abYyf/EACIRAAIBBAEEAwAAAAAAAAAAAAECAAMQESESBCIxUSBCcf/aAAgBAgEBPwGaGf2CrxOonUj7XKepnyJlJ2Sge22WAGZUPcYT6mfc6Vsg2dsRtsYLdKvFLOxaGgzncKjliIo5ai1B8Gp53FXjYEjxP//EADAQAAEDAwIEBAUEAwAAAAAAAAEAAhEDEiExYSAiUXEEEzJBEEJSgbEUcoLBkaHw/9oACAEBAAY/Amvbq0yPhZUlx0cR/wBsqv72p1+l2fN0uU+W7STAwo0PQ8XmRy3WoghVP3t/tOptMC8Fx6CF+n8OQ59wJOqpuudJbpOFShxdDtTlX+Ge0HZFrtRwGW+Wbou9WY1TxUqAm12Oq8QwMtDXNwVUpsdDX+pWu8PTd/fdBlBjqLR9L0GV6Hmke73yppwHatqUtfuudrRPTghOt+YWlV5P0/lYWgb3WgWYCmLuyZ34MvGTyjZEhpIVf+P5TTUMTlAsDiD72rcarlRcW3RqQ9MqNbGc8AuaMHlOydSM59wqn8fyucZIRvLjHRNGd5KtjdHlP3Rs5TIOOnCABJKuf63H/CMNyrrrd1e5jnT7yrhSIjOuVymRusjTHDkZPuh3VSy613uPZNPYrWkO69VM9gjHdNuMnhFvsg/aUXEwNU150OeyBJCwGzsvNeCGyEHNyOC5g5FqixrZkRJXMcdEPpdTYRviFp8G9XvELkd9lFRtu4UtcD2+EOMMmbRwUow+nid10I1CDqmGD/abQbpTGe/Bk3t34a4qnHqG6c4VDTaflajeS+m7UJ1R3qcZPD//xAAmEAEAAgICAQQCAwEBAAAAAAABABEhMUFRcRAgYYGRscHh8KHR/9oACAEBAAE/IeyKHcFa3m7uIcDMUirX4pP9Dpjs4IFuQLKqUymTaBuvibwQsGrPYKhPtQfNXLEBNiT/AAOoEJdHgWYcEmOT3+iaRBmPhgqjXEyE0bzIr8fWI+WB4+ziC9TUnsbOT2/U+JRiQ/KZb/7HvFhLecvmYyXwMv3C4sKtE2s+UPSCC/qoMBoM8uuItDZFA3oO/wBSgaDWPIbleiomzHUvFVvgdy0hwMwiAV6IeW5wszlHw+lJUQT7y9s6Q9QpG3hZXs9QoQFUMATLwwGw+SdCQtz4hfKbYqX47raaPuU4gWQ48RXqnoq9Doe6gp+D3DUm1iY8J1K5Sy5pDuQHEfhTCbTveRZiP1jeF7JXRB3ubVwAUPLzKlSpcUMigOZTaZZ0/wDZuauTiojcfNLsjbRVtFhwVCJLdhTnEEX0XatjDg0exbYOo0nSaZCVG2HnmsHcM8U0X/cH2d4b9y90Fuk0auX2PQS7cFWME0x/PHAoqWU0xYBo5Lgk0eGU3xMZlEx3vcVEXSetQaUW14YfVFseljBm5RsIwNTgMt8YV+oYFL7gBDbi4gPEPgtjeodrIzJpeQleT8r9LDVTV/fsLVTr0GPwlQqBapNkAxVb/GHzyeT+qgehZY09kdr4hZ/PtpZkD5WqPnU1Ag4DzzNmHO2j2RD7V7b/2gAMAwEAAgADAAAAEHFxjGtkWo6sFtNS6y4htU7cCmAQeZs27CU+T//EAB4RAQACAgMAAwAAAAAAAAAAAAEAESExEEHBUXHw/9oACAEDAQE/EMy1r6fYQoaimZeDPM0R8esKNRJdSq/FJY4dB6wRDfaWJd8OJGO9V7ABiIQ0nRXBNJb+qKu24c2uIvZlizPCrvhDTklqeEbT/8QAHREBAAICAwEBAAAAAAAAAAAAAQARIUEQMcFRsf/aAAgBAgEBPxASxiDTqnkVHeI6VBEs4pMssaLffCNl3BTQxWjqXPolwwHb4QKgAYSvB1Lgi2Oou/CfEW2txcu88KUdRJeiz8gEog9qjQHEJVcE6YYYohMqp//EACMQAQACAgICAgMBAQAAAAAAAAEAESExQVFhgXGREKGxwdH/2gAIAQEAAT8QqCyDQGmLe3MWVb3DFa1DMxCmlhzceR0013Ep6PDtI9NXf7lIyUm2GlLHjRAiLxFppL2eSGepXb+BSAvMWTaxDOdB7P5GzzrAT5OJo3p/0QZOy2XGnLmg/wAnDKOU5XouhCrJcK2VxcroCKphyS3LIwkVGDsJ4HqYUJe6/W30qPRa6yS/EqyB5j+WI2lIaYB0Y9xnGpChUt4MLlmKa5hQJs5bX1kqMnqgFJxyDOa3LtlaSoSjqmNeYA2XBi84wGVcJuJk/UF0KjDDjmC0I5BlpXgLtotEX9Rdhewt21BstA0xJSqqcBef0S5FrDbVT3VfFxHbDKtooHxUQukALVlYWWU/oTOGTG/aB23N0ShYHw7iAQcwmrEmDUpuPSFn1HT+rgVtbnYNG4CuippDdBAdcqDNpjytQTixkfImfUwZqgM/o0yyd7oA8rB9wwIktYW8sXozzBW6JTVCi1BBkmcD1L2m6JeuKmG93cu22zA4TkYfdSobAkrd0/2VO0sVtQVqEGKCq9nwZj2Us8ASg8Nur4ijUUYrOnsbiUSlAZdYgNYcmA1b7YhvcD1HfEwDutyrlR7V0EcUObbCRD2zcvqKRoxS7+HUs5pch6TyTYH6n1DRnHKwXh0e+KAzovPRLWbsh8syxRRY2bv3+oExUslygB0aIEpJdtHB1cU8If0i0haba6zhQQl+ohScaWfcvLNk2Tzh+pajPQj2m+TQ0OcHuPjZ7buAxqogz7IPRGtPzwM3AKYKXpoJ/YPM2SgIS27mK8LukXqyDD3zj8QDMJYBj63CdHlZDoOse4IkbZYyvETERC3txVo7fO/uZ/iOMzSVQQOgMvPUPPeAPpy/MuGpsMBQ/CLPiVSqBSU6KCRxzCToXoL/AAH6jW11g+k/0lH5R39bP3DCsbGEOSbWoJQ6t2jzGj8EvgyrQLD3kPTsiwRt0Db8laecRyWiSlcDx2+jmkMMOOkx6H2iXD1Gs3eU/cIK1az42+7l/jTLi9TgzsC5X/XEVNNVQLQ0tdv8gA9PSRd03Vmk8kvFCPK6PBr1AzGhjTmWlz//2Q==";

  // thumbs/3.jpg
  var __default3 = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCABgAGADASIAAhEBAxEB/8QAGwAAAQUBAQAAAAAAAAAAAAAAAgEDBAUGAAf/xAAYAQADAQEAAAAAAAAAAAAAAAAAAQMCBP/aAAwDAQACEAMQAAABvV4tZ7iQETOUCfoHefXwaEV5oBMESTEmFkdF57lx12ciV8EOwrmpOo819BpF8SHSkEBBQwLqpjYH5DWKQ478lqnvqLUUlOAhpN9QUGqi9qpVbGPEj0c5CLWF1VTd2ggqOsOqCsNE5GfZl1kOgXGrVq57ktDh4QcUGQldQQNK3CnnwvJOFCZrkyk+sLpGXE//xAAjEAACAgEEAgIDAAAAAAAAAAABAgMEABESEyAFISIwIzIz/9oACAEBAAEFAvvJAFnyW0tcmYrcmXK3kg2a6jt5K5716eOt9rMnFBGjWbCVIVwwx49aI49NM+UMsD8kPTyrfgrRrBCduV5H3zyMZNBpMgkHjieDpcRSjQrxMkMocK08e0TaRRrsG2sBs6TJyR/qfjnKi4JF3MVGAGWWNNidbSaHX04jfAqIWOUYu5AYSLxOV3Yw25BEZ5AAB3uf02HOPKfpvon9yhcK5B6k6vMkYe/jWZWxZWBFlcNlcaRiVsyriXsSVJBn/8QAHxEAAQMFAAMAAAAAAAAAAAAAAAECEQMQICFBEzFR/9oACAEDAQE/AbQRgiHiUWmoqXpp03Jsenb0nRon5Z7uYNXQ71hIyo2B9RsE2//EAB4RAAICAgIDAAAAAAAAAAAAAAABAhEDECBBEyEx/9oACAECAQE/AdWXwbPIKaFvI+tx3kj2UURXBr2L7wonjlZDHKytf//EACsQAAIBAQUHBAMBAAAAAAAAAAABAhEgITEyQQMQEhMiUZEwYXGBM0Bicv/aAAgBAQAGPwL16s4dmZjMcO09DlQfzZ5U38WpSKd8TKZEZS490RlZUVqxuTo3iZdrX/Q4TbwuqcMW/ehWm0+aipiOLxTsqT7jaV6E1NeSC2csK1poTU351H1IV15xWaHC9C+MfBojvUuSFFalLXMX3uyy8GWW7mv6t0eBw6aH5KGep/OpRYegjEvH+l1M6I+TOdy9MuizsZjrj4Ol7v/EACEQAQACAQQDAQEBAAAAAAAAAAEAESEQMUFhUXGBIJHB/9oACAEBAAE/IdKlaKHMsedHRj+LkUENMr5l2WR27sRMD5gLhsjGMIaLf2EymfEWXTFX6GjGEJ0yTsBa8E4y+5S/xnGz1OWSYPCQfMEYwhHNwqlbZWvEuyCtlB/suX7q5WsAhRkvrEV9HzNsdJIx1JW0odQqdoce5v4V2DPUpTZk7LcQgJtEkLFrbuy/URdpGMFLh7jHXDd7sgr7iqW8oexOYiOxiK4hbTaG9E3hlKvnvGP4odhxHJM4qxZAPZMcrsetLGXLlxiVrePect03kA5IrK0MqAwoFB+Lly5cz9MV2/qX5XD8f5uXLlz+UgQZm9kvS9LlyE6iuPtG9o9Yl2v6hjC9R249y1X8TY29OYm30iwC6f/aAAwDAQACAAMAAAAQQQogIGgLVY+owi9wVcc6HfZ+8mzf6OCBTAjm/8QAGhEBAQEAAwEAAAAAAAAAAAAAAQARECAhQf/aAAgBAwEBPxDgTKOmz5H0YFk8sDDGp07JnLVqVNQ9kXoVDJE9EXkLl5A7Y4//xAAbEQEBAQADAQEAAAAAAAAAAAABEQAQICExQf/aAAgBAgEBPxDhGB0kZH4ZWVOQXGJMQJmWc0IxX3fXmmXoR40sdBu9ALvQfMvj/8QAJRABAAIBBAIBBAMAAAAAAAAAAQARITFBUXEQYYGRobHBINHw/9oACAEBAAE/EAgQ8CTVgTbBiQRIPAIECKwAtWB8Fh2zIDZoYHG6pbgeD4NsKGTIkEHkEKC2YgAwD9pbVaus1atOJQEvcNQLY5H7RyX/ABAVmla7gKy/lIyqpxvlC1KOksx9rCZP1KAI3ZibkELdd9+RRSy5BQ3gyKBuTwQU5SKD8MBNWEFoOcmHaZK6Elny6QQVTUBfQYEBVXu7mVQUmbPkGDOqgzYy9zAxBSqAWjfFw70q7oYyvQxp3BuUC1EBbJl2i9RU6AFJ7p2iLjL1CqpW3qOQTKKiW3+JZ2n8bR7qKKDBjswEI6XMelxB1laqn8R2xIIt0EenOQITMciEZnkCS+UbKTliigwZccppV7Oz+oESujiLA1mzQxw4ux3ITguY41wbvu/qLFFCCCANBoPET2cnKe/cyrOhFru9QUr2RXB7YC4oGgRYsWEHkBIZ3kLzBxADfQIwXGFEWLFiwgg8FKnYIo0hDSENyRhYwsIvzNtS/EaQBt/VLyqdsUudl1HcIXnsMMpj2Alcumg6jmO6UxhV/rE96SbnxFn/2Q==";

  // thumbs/4.jpg
  var __default4 = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCABgAGADASIAAhEBAxEB/8QAGgAAAwEBAQEAAAAAAAAAAAAAAQIDBAUABv/EABgBAAMBAQAAAAAAAAAAAAAAAAEDBAAC/9oADAMBAAIQAxAAAAGZ8ek+PiMBo0IfzhuynSV1clQQdZlbAvIzv6Fud05K4Zuty+xiWk6ZQrK9NirYeCa47LdWOss5mHQvXOOTgcKpFUtCpwTqcvRJb9BPmyPaVyY+uXqr88hSKpHK+2Lo0db1x07MZ2ciVpeXvDwskYqBqDLJNfY6ny/YDOhzjydrjDYq0AedN//EACYQAAICAQMDAwUAAAAAAAAAAAECAAMRBCAhEhMxECIyFDBAQUL/2gAIAQEAAQUC/AFZMFUNcZcfYB5DYnWMluD58HafA4iymglWRcWrH3/IoFlTkm233FlMBnja009fW1uiqui1iudAsddNXTGOLDtPJofAFwh1SRdQosuui+5weNn7B6Tzj6cXxtKNPGJIrGIww2z+jK34apXjVqkVeqCMcja/xENbGdmAczPG1z7qRAkKRxgt8thIE70LtKrmrK65I2vSWXNYe40Fszn0/8QAHhEAAQQCAwEAAAAAAAAAAAAAAAECAxEQMhIhQSD/2gAIAQMBAT8Bw2BVHQqnxCz0sslZXeYtTuzsk1zHqWWO0zHrj0k1zG1yIcTiSNcqFH//xAAfEQABAwUAAwAAAAAAAAAAAAAAAQIRAxASITIgIkH/2gAIAQIBAT8Bs6u1BtdF8KzvhjJgUnzq9XohEQ0N0+7uyCBF971OhBy6GdXeyVkxMZGNxW3/xAAnEAACAQMBBgcAAAAAAAAAAAAAEQECECEwEiAxMkBREyJBYXFygf/aAAgBAQAGPwLrF6yfEFJMC33JtDqEhwPQ87/BTU4E1Bja0YbIiCqJ7kzl76u5qRieM3W/g5Yf2GqYn3qM6Ds/ERzsdo0MSZtPQ5MW7maZMUSdjiZMW//EACUQAQACAgEEAgEFAAAAAAAAAAEAESFBMSBRYXGBoZEQMECx8P/aAAgBAQABPyH+A6H+IeMcsOjyTkHD+wR3OoAD5GFiuIZjzKdq8R6gqjHsfoiaVzFeAdQWhKXsQWfaXZ0tb4IWJ3yzkoGoaIrxZmNYd5Rmbce6yxSVZNa6VrU5jh/qXhGkcP16hdur2zV3SVRZN5fr1DsJz8dOLAVGoQzC2KjHqDAqxEt6llnJ0rXlKw/MVXZfmUS3GiifDLRagsX4IAtmUB2zI9+kLK8E2UXBZtRGubjJXGo8SxdNzEHeFXEA4PDLGXcYd9oFIhbpGWWD3LYVQqlbMPacdAtqo9n5YrdS2jTswxjvjMYZr5xLo4aCUO3uBp+IEWr/AE//2gAMAwEAAgADAAAAEBTy+FjKa8xWVGboNl2PeI8rEBBe2WvK8rAf8v/EABoRAQEBAQEBAQAAAAAAAAAAAAERACEQIGH/2gAIAQMBAT8Q8LrzH078UbxrpKfRBiujmaeHMK/z3gZ4pqDHr106o8wXrKPwFYaBTC1XQAZQx3//xAAbEQEBAQEBAQEBAAAAAAAAAAABEQAhEEEgMf/aAAgBAgEBPxDx2Hc3Hn4UJ3aGGHMwv2l4In9wRvl++rq4vRcCfTHuwdBJjS+h3ZQQ1COGi67/xAAkEAEAAgIBAwQDAQAAAAAAAAABABEhMVFBYXGBkaHwscHR4f/aAAgBAQABPxAIECVKlRIkSJGMCBAgXNUFy9kSvTBfBMCKbTyRCZvieIxjGEIQlQK0H8+I5N18lP2/Sdlsez/kIB0R8v8AI7DOf6+5IbV6PMYxhCXyNd4bdRdQHvZZ5cHxLI3tdSVUqAU1K7RsdpR9Q6dHmCBTPWoxhCBI85iU4F4AgQuCztZqbYBaS8NbhmZbWJ7cQxtyjEp7A09SFQb28IxgwZalqGWJdcTLxC6HymHdrDpDxGosrsdpThSrDV509pluO+jFaY8IR1mw4gDHKyRjBgy4fXc1CFXpKkomFVguXxBajlDrMshS1NWjdQa9IxgwYVnUUeOssve/2ibCcGjG+P5Ar6ahb2bAV9NysBe61Ca257GpajRv+xYwYMLQi4k42P2yopGr4gVvGIyTwU0hjDljXt6/n/YHXftxYsGDCiHLnwRA7kF+WfjKZBjyfMHZHg/sBBjQ8Ql2th+SYjpdxYsGXDSctSgmsvaBmkeMQ6xAeaWp7N8kATWlsixZcrZHeFdKwdv2ipRgrbnuCTviCODvSCWjAexgJfyIwCvvFWI7RZ//2Q==";

  // examples.js
  var THUMBS = [__default, __default2, __default3, __default4];
  function examples(send) {
    return element(
      "div",
      { className: "examples", role: "group", ariaLabel: "Examples" },
      ...THUMBS.map((source, i) => {
        const image = element("img", { src: source, alt: `Example ${i + 1}`, width: 56, height: 56 });
        return Object.assign(element("button", { type: "button" }, image), { onclick: () => send(i + 1) });
      })
    );
  }

  // jpeg.js
  var START = 216;
  var END = 217;
  var SCAN = 218;
  var COMMENT = 254;
  var ORIENTATION = 274;
  var isApplication = (marker) => marker >= 224 && marker <= 239;
  var isNeeded = (marker) => marker === 224 || marker === 238;
  var text = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
  function bare(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const kept = [];
    let orientation = 1;
    try {
      if (view.getUint16(0) !== 65280 + START) return null;
      let at = 2;
      for (; ; ) {
        while (view.getUint8(at) === 255 && view.getUint8(at + 1) === 255) at += 1;
        if (view.getUint8(at) !== 255) return null;
        const marker = view.getUint8(at + 1);
        if (marker === END) break;
        let end = at + 2 + view.getUint16(at + 2);
        if (end > file.length) return null;
        if (marker === SCAN) end = endOfScan(file, end);
        if (marker === 225 && text(file, at + 4, 6) === "Exif\0\0")
          orientation = orientationOf(new DataView(view.buffer, view.byteOffset + at + 10, end - at - 10));
        const profile = marker === 226 && text(file, at + 4, 12) === "ICC_PROFILE\0";
        if (!isApplication(marker) && marker !== COMMENT || isNeeded(marker) || profile)
          kept.push(file.subarray(at, end));
        at = end;
      }
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
    return joined([Uint8Array.of(255, START), exif(orientation), ...kept, Uint8Array.of(255, END)]);
  }
  function endOfScan(file, at) {
    for (; ; ) {
      at = file.indexOf(255, at);
      if (at < 0) throw new RangeError("no end");
      const next = file[at + 1];
      if (next && next !== 255 && (next < 208 || next > 215)) return at;
      at += next === 255 ? 1 : 2;
    }
  }
  function orientationOf(tiff) {
    try {
      const little = tiff.getUint16(0) === 18761;
      const first = tiff.getUint32(4, little);
      for (let n = 0; n < tiff.getUint16(first, little); n += 1) {
        const entry = first + 2 + 12 * n;
        if (tiff.getUint16(entry, little) === ORIENTATION) return tiff.getUint16(entry + 8, little);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return 1;
  }
  function exif(orientation) {
    if (!(orientation > 1 && orientation < 9)) return new Uint8Array();
    return Uint8Array.of(
      255,
      225,
      0,
      34,
      ...[..."Exif\0\0MM"].map((letter) => letter.charCodeAt(0)),
      0,
      42,
      0,
      0,
      0,
      8,
      0,
      1,
      1,
      18,
      0,
      3,
      0,
      0,
      0,
      1,
      0,
      orientation,
      0,
      0,
      0,
      0,
      0,
      0
    );
  }
  function joined(parts) {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  // lens.js
  var LONGEST = 1600;
  function cameraTrouble({ name }, otherwise = "") {
    const reasons = {
      NotAllowedError: "The browser was not allowed to use the camera. Allow it beside the page's address and try again",
      NotFoundError: "No camera was found here. Plug one in and try again",
      NotReadableError: "The camera gives no picture. Perhaps another program uses it: close that and try again",
      OverconstrainedError: "This camera is no longer there. Try again"
    };
    return `${reasons[name] ?? "The camera could not be opened. Try again"}${otherwise}.`;
  }
  function encode(picture2, width, height, { longest = LONGEST, most = Infinity, quality = 0.92 } = {}) {
    const scale = Math.min(1, longest / Math.max(width, height), Math.sqrt(most / (width * height)));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture2, 0, 0, canvas.width, canvas.height);
    if (most < Infinity && !context.getImageData(0, 0, 1, 1).data[3]) return Promise.resolve(null);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
  }
  function halt(stream) {
    for (const track of stream?.getTracks() ?? []) track.stop();
  }
  async function otherCamera(track) {
    const { facingMode, deviceId } = track.getSettings();
    if (facingMode) return { facingMode: facingMode === "user" ? "environment" : "user" };
    const ids = (await cameras()).map((device) => device.deviceId);
    return { deviceId: { exact: ids[(ids.indexOf(deviceId) + 1) % ids.length] } };
  }
  async function cameras() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput");
  }

  // files.js
  var LARGEST_RAW = 9 * 1024 * 1024;
  var MOST = 24e6;
  var LONGEST_CANVAS = 16384;
  async function decode(file) {
    try {
      return await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      return null;
    }
  }
  async function enlarge(file) {
    const bitmap = await decode(file);
    if (!bitmap) return null;
    const { width, height } = bitmap;
    let bytes = null;
    if (file.size <= LARGEST_RAW && width * height <= MOST)
      bytes = bare(new Uint8Array(await file.arrayBuffer()));
    for (let most = MOST; most > MOST / 10 && !bytes; most /= 2) {
      const blob = await encode(bitmap, width, height, { longest: LONGEST_CANVAS, most });
      if (blob?.size <= LARGEST_RAW) bytes = new Uint8Array(await blob.arrayBuffer());
    }
    bitmap.close();
    return bytes?.buffer;
  }
  var isHeic = ({ name, type }) => /\.hei[cf]$/i.test(name) || /^image\/hei[cf]/.test(type);
  function picturesIn(files) {
    const all = [...files];
    const some = all.filter((file) => file.type.startsWith("image/") || isHeic(file));
    return some.length ? some : all.slice(0, 1);
  }

  // heic.txt
  var heic_default = "is a HEIC photo, which neither your browser nor this page can read. Take one with the camera here, or take a screenshot of the photo and choose that; mail and photo apps send a JPEG too. For your next photos choose “Most Compatible” in the phone's camera settings, under Formats.\n";

  // missed.js
  var KIND = "facelens-missed";
  var pageOf = (node) => node.closest(".facelens-page");
  function tellMissed(el, detail) {
    el.dispatchEvent(new CustomEvent(KIND, { bubbles: true, detail }));
  }
  function hearMissed(el, signal2, hear) {
    document.addEventListener(KIND, ({ target, detail }) => {
      if (target !== el && pageOf(target) === pageOf(el)) hear(detail);
    }, { signal: signal2 });
  }
  function offers(ask, draw2) {
    const make = (text2, onclick) => Object.assign(element("button", { type: "button" }, text2), { onclick });
    return element(
      "div",
      { className: "offers", role: "group", ariaLabel: "What you can try", hidden: true },
      make("Rotate by 90°", () => ask("rotate")),
      make("Search finer", () => ask("finer")),
      make("Draw the box", draw2)
    );
  }

  // preview.js
  function preview() {
    const shelf = pictures();
    const image = element("img", { alt: "Your photo" });
    const caption = element("figcaption", { className: "small" });
    const el = element("figure", { className: "preview", hidden: true }, image, caption);
    const hide = () => {
      shelf.free();
      image.removeAttribute("src");
      el.hidden = true;
    };
    image.onerror = () => {
      el.hidden = true;
    };
    return {
      el,
      hide,
      /** Show `what`, a file or the address of a picture; nothing where the browser cannot read it. */
      show(what) {
        hide();
        image.src = typeof what === "string" ? what : shelf.url(what, what.type);
        caption.textContent = "Your photo, still on your device.";
        el.hidden = false;
      },
      /** It is on its way to the kernel. */
      sent() {
        caption.textContent = "Your photo.";
      }
    };
  }

  // strip.js
  var SIDE = 144;
  function strip(send) {
    const title = element("span", { className: "small" });
    const list = element("ul", { ariaLabel: "Your photos" });
    const el = element("div", { className: "strip", hidden: true }, title, list);
    let files = [];
    const draw2 = async (file, canvas) => {
      const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
      if (!bitmap) return false;
      const side = Math.min(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, SIDE, SIDE);
      bitmap.close();
      return true;
    };
    const show2 = async (all) => {
      files = all;
      title.textContent = `${all.length} photos, in your browser only. Pick the one to send.`;
      const buttons = all.map((file, i) => {
        const canvas = element("canvas", { width: SIDE, height: SIDE, ariaHidden: "true" });
        const button = element("button", { type: "button", ariaPressed: "false", ariaLabel: `Photo ${i + 1}: ${file.name}` }, canvas);
        button.onclick = () => {
          for (const each of buttons) each.ariaPressed = String(each === button);
          send(file);
        };
        return button;
      });
      list.replaceChildren(...buttons.map((button) => element("li", {}, button)));
      el.hidden = false;
      for (const [i, button] of buttons.entries()) {
        if (files !== all) return;
        const drawn2 = await draw2(all[i], button.firstChild);
        if (!drawn2) button.replaceChildren(element("small", {}, all[i].name.split(".").at(-1) || "file"));
      }
    };
    return {
      el,
      show: show2,
      get files() {
        return files;
      },
      clear() {
        files = [];
        list.replaceChildren();
        el.hidden = true;
      }
    };
  }

  // undo.js
  var SECONDS = 10;
  function undo(restore) {
    const button = element("button", { type: "button" }, "Undo");
    const el = element(
      "p",
      { className: "undo", role: "status", hidden: true },
      element("span", {}, `Cleared. Your browser holds the photo for ${SECONDS} seconds more.`),
      button
    );
    let held = null;
    let timer;
    const end = () => {
      clearTimeout(timer);
      held = null;
      el.hidden = true;
    };
    button.onclick = () => {
      const before = held;
      end();
      restore(before);
    };
    return {
      el,
      end,
      offer(what) {
        end();
        held = what;
        el.hidden = false;
        timer = setTimeout(end, 1e3 * SECONDS);
      }
    };
  }

  // intake.js
  var PATIENCE = 2e4;
  var HELD = matchMedia("(pointer: coarse)").matches;
  var ASLEEP = "The photo is ready. It goes off as soon as the computer behind this page is awake…";
  var SENDING = "Sending the photo…";
  var carriesFiles = (event) => [...event.dataTransfer?.types ?? []].includes("Files");
  function draw({ model, el, signal: signal2 }) {
    const sending = model.near ? "Reading the photo…" : SENDING;
    const chooser = element("input", { type: "file", accept: "image/*,.heic,.heif", multiple: true, hidden: true });
    const upload = element("button", { type: "button" }, "Choose a photo");
    const camera = element(
      "button",
      { type: "button", hidden: !navigator.mediaDevices?.getUserMedia },
      "Use the camera"
    );
    const example2 = element("button", { type: "button", className: "example" }, "Try the example");
    const clear = element("button", { type: "button", hidden: true }, "Clear");
    const invite = element(
      "p",
      { className: "invite" },
      HELD ? "Take a photo of a face, or choose one." : "Drop a photo of a face here, paste one, or choose a file."
    );
    const leads = HELD && !camera.hidden ? [camera, upload] : [upload, camera];
    leads[0].className = "main";
    const buttons = element("div", { className: "buttons" }, ...leads, example2, clear, chooser);
    const row2 = examples((number) => tryExample(number));
    const video = element("video", { playsInline: true, muted: true, ariaLabel: "What the camera sees" });
    const shoot = element("button", { type: "button", className: "main" }, "Take the photo");
    const turn = element("button", { type: "button", hidden: true }, "Turn around");
    const close = element("button", { type: "button" }, "Close the camera");
    const note = element("small");
    const finder = element(
      "div",
      { className: "finder", hidden: true },
      video,
      note,
      element("div", { className: "buttons" }, shoot, turn, close)
    );
    const well = element("div", { className: "well" }, invite, buttons, row2, finder);
    const status = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
    const notice = element("p", { className: "notice", role: "status", hidden: true });
    const privacy = element("small", { className: "privacy" });
    el.classList.add("facelens", "intake");
    const local = preview();
    const several = strip((file) => take([file]));
    const cleared = undo(({ wish, files }) => {
      if (files.length) several.show(files);
      repeat(wish, model.near ? sending : "Sending the photo again…");
      upload.focus();
    });
    const tries = offers(
      (how) => search({ how }),
      () => tellMissed(el, { draw: true })
    );
    el.append(well, several.el, status, cleared.el, tries, notice, local.el, privacy);
    let preparing = null;
    let awaited = null;
    let wished = null;
    let shown = null;
    let searching = null;
    let replay = [];
    let faceless = false;
    let shrunk = null;
    let full = false;
    let settled = { text: "", state: "empty" };
    let stream = null;
    let patience;
    const say = (text2, state) => {
      clearTimeout(patience);
      const busy = state === "busy";
      if (!busy) settled = { text: text2, state };
      status.textContent = text2;
      status.dataset.state = state;
      well.ariaBusy = String(busy);
      const small = busy || full;
      el.classList.toggle("full", small);
      upload.textContent = small ? "Another photo" : "Choose a photo";
      camera.textContent = small ? "Camera" : "Use the camera";
      example2.textContent = small ? "Example" : "Try the example";
      clear.textContent = busy ? "Cancel" : "Clear";
      clear.hidden = !small && several.el.hidden && state !== "error";
      tries.hidden = !faceless;
      if (!busy) local.hide();
      if (busy && !model.asleep) bePatient();
    };
    const bePatient = () => {
      clearTimeout(patience);
      patience = setTimeout(() => {
        status.textContent = "This takes unusually long. If nothing happens, reload the page.";
      }, PATIENCE);
    };
    const hush = (on) => el.closest(".facelens-page")?.classList.toggle("facelens-hushed", on);
    const ask = (kind, content = {}, buffers = []) => {
      if (awaited) hush(true);
      awaited = String(Math.random());
      shrunk = null;
      full = kind !== "clear";
      searching = kind === "search" ? content : null;
      if (kind !== "search") {
        wished = full ? { kind, content, buffers, searches: [] } : null;
        replay = [];
      }
      model.send({ kind, turn: awaited, ...content }, void 0, buffers);
    };
    const repeat = (wish, text2) => {
      begin2(model.asleep ? ASLEEP : text2);
      preparing = null;
      ask(wish.kind, wish.content, wish.buffers);
      wished = { ...wish, searches: [] };
      replay = [...wish.searches];
      shrunk = wish.shrunk ?? null;
    };
    const search = ({ how, box = null }) => {
      if (!shown) return;
      begin2("Looking for faces…");
      preparing = null;
      ask("search", { how, box });
    };
    const leaveCamera = () => {
      halt(stream);
      stream = null;
      video.srcObject = null;
      finder.hidden = true;
      buttons.hidden = false;
      el.classList.remove("live");
    };
    const begin2 = (text2) => {
      leaveCamera();
      cleared.end();
      say(text2, "busy");
      preparing = {};
      return preparing;
    };
    const give = async (blob, name, mine, file = null) => {
      const bytes = await blob?.arrayBuffer().catch(() => null);
      if (preparing !== mine) return;
      preparing = null;
      if (!bytes) {
        say("The photo could not be read. Please try it again.", "error");
        return;
      }
      say(model.asleep ? ASLEEP : sending, "busy");
      ask("photo", file ? { name, shrunk: true } : { name }, [bytes]);
      shrunk = file && { file, name, bytes };
      wished.shrunk = shrunk;
    };
    const giveMore = async () => {
      const { file, name, bytes } = shrunk;
      const mine = {};
      preparing = mine;
      say("The faces are small. Making a larger copy of the photo ready to send…", "busy");
      const more = await enlarge(file).catch(() => null);
      if (preparing !== mine) return;
      preparing = null;
      awaited = null;
      say("Sending the larger copy…", "busy");
      ask("photo", { name }, [more ?? bytes]);
      if (more) wished.smaller = bytes;
    };
    const take = async (files) => {
      const [file, ...others] = files;
      if (!file) return;
      if (others.length) {
        leaveCamera();
        cleared.end();
        several.show(files);
        clear.hidden = false;
        return;
      }
      const mine = begin2("Reading the photo…");
      if (model.asleep) local.show(file);
      if (model.near) {
        await give(file, file.name || "pasted photo", mine);
        return;
      }
      const bitmap = await decode(file);
      if (preparing !== mine) {
        bitmap?.close();
        return;
      }
      let blob = null;
      let larger = false;
      if (bitmap) {
        larger = Math.max(bitmap.width, bitmap.height) > LONGEST;
        say("Making the photo ready to send…", "busy");
        blob = await encode(bitmap, bitmap.width, bitmap.height);
        bitmap.close();
        if (preparing !== mine) return;
      }
      blob ??= file;
      if (blob.size > LARGEST_RAW) {
        preparing = null;
        say(isHeic(file) ? `${file.name} ${heic_default.trim()}` : "Your browser cannot read this file and it is too large to send; try a JPEG.", "error");
        return;
      }
      await give(blob, file.name || "pasted photo", mine, larger && blob !== file ? file : null);
    };
    const refuse = (error) => {
      leaveCamera();
      say(cameraTrouble(error, ", or choose a photo"), "error");
      camera.focus();
    };
    const openCamera = async (wish) => {
      halt(stream);
      stream = null;
      shoot.disabled = turn.disabled = true;
      say("Waiting for the camera. Your browser may ask whether this page may use it.", "busy");
      clearTimeout(patience);
      const mine = {};
      preparing = mine;
      let arrived;
      try {
        const video2 = { width: { ideal: LONGEST }, resizeMode: "none", ...wish };
        arrived = await navigator.mediaDevices.getUserMedia({ audio: false, video: video2 });
      } catch (error) {
        if (preparing !== mine) return;
        preparing = null;
        refuse(error);
        return;
      }
      if (preparing !== mine) {
        halt(arrived);
        return;
      }
      preparing = null;
      say(settled.text, settled.state);
      if (document.hidden) {
        halt(arrived);
        leaveCamera();
      } else {
        await show2(arrived);
      }
    };
    const show2 = async (arrived) => {
      stream = arrived;
      const [track] = arrived.getVideoTracks();
      track.onended = () => {
        if (stream !== arrived) return;
        leaveCamera();
        say("The camera has stopped. Open it again, or choose a photo.", "error");
      };
      const mirrored = track.getSettings().facingMode !== "environment";
      video.classList.toggle("mirrored", mirrored);
      const unsent = model.near ? "The photo stays on this device." : "Nothing is sent before you take the photo.";
      note.textContent = mirrored ? `You see yourself as in a mirror; the photo is not mirrored. ${unsent}` : unsent;
      video.srcObject = arrived;
      finder.hidden = false;
      buttons.hidden = true;
      el.classList.add("live");
      try {
        await video.play();
        turn.hidden = (await cameras()).length < 2;
      } catch (error) {
        if (stream === arrived) refuse(error);
        return;
      }
      if (stream !== arrived) return;
      shoot.disabled = turn.disabled = false;
      shoot.focus();
    };
    const closeCamera = () => {
      preparing = null;
      leaveCamera();
      say(settled.text, settled.state);
      camera.focus();
    };
    upload.onclick = () => chooser.click();
    chooser.onchange = () => {
      take([...chooser.files]);
      chooser.value = "";
    };
    const tryExample = (number) => {
      begin2(model.asleep ? ASLEEP : "Looking for faces…");
      preparing = null;
      if (model.asleep) local.show(THUMBS[number - 1]);
      ask("example", { number });
    };
    example2.onclick = () => tryExample(1 + (shown?.content.number ?? 0) % THUMBS.length);
    clear.onclick = () => {
      const onlyHere = preparing && !awaited;
      const busy = status.dataset.state === "busy";
      preparing = null;
      leaveCamera();
      if (onlyHere) {
        say(settled.text, settled.state);
      } else if (busy && shown) {
        repeat(shown, "Going back to the photo before…");
      } else {
        const before = { wish: shown, files: several.files };
        several.clear();
        faceless = false;
        shown = null;
        ask("clear");
        if (before.wish) cleared.offer(before);
        say("", "empty");
      }
      upload.focus();
    };
    camera.onclick = () => openCamera({ facingMode: "user" });
    turn.onclick = async () => {
      const shown2 = stream;
      const wish = await otherCamera(shown2.getVideoTracks()[0]);
      if (stream === shown2) openCamera(wish);
    };
    close.onclick = closeCamera;
    shoot.onclick = async () => {
      const frame = encode(video, video.videoWidth, video.videoHeight);
      const mine = begin2(model.near ? sending : "Making the photo ready to send…");
      upload.focus();
      const blob = await frame;
      if (model.asleep && blob) local.show(blob);
      await give(blob, "camera photo", mine);
    };
    const zone = document.body.dataset.voila ? document : well;
    const options = { signal: signal2 };
    zone.addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      well.classList.add("over");
    }, options);
    zone.addEventListener("dragleave", () => well.classList.remove("over"), options);
    zone.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      well.classList.remove("over");
      take(picturesIn(event.dataTransfer.files));
    }, options);
    document.addEventListener("paste", (event) => {
      if (event.target.closest?.("input, textarea, [contenteditable], .jp-Cell-inputArea")) return;
      const files = picturesIn(event.clipboardData?.files ?? []);
      if (!files.length) return;
      event.preventDefault();
      take(files);
    }, options);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !finder.hidden) closeCamera();
    }, options);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && stream) leaveCamera();
    }, options);
    const leave = () => {
      preparing = null;
      leaveCamera();
    };
    window.addEventListener("pagehide", () => {
      leave();
      cleared.end();
      several.clear();
      model.send({ kind: "clear" });
    }, options);
    hearMissed(el, signal2, ({ box }) => {
      if (box) search({ how: "box", box });
    });
    const silence = listen(model, el, {
      text: (message) => {
        privacy.textContent = message.privacy;
      },
      notice({ text: text2 }) {
        notice.textContent = text2;
        notice.hidden = !text2;
        if (status.dataset.state === "busy" && !model.asleep) bePatient();
      },
      more({ turn: asked }) {
        if (asked !== awaited || !shrunk) return;
        if (preparing) ask("photo", { name: shrunk.name }, [shrunk.bytes]);
        else giveMore();
      },
      awake() {
        local.sent();
        if (status.textContent === ASLEEP) say("Waking up the network…", "busy");
      },
      status({ text: text2, state, turn: answered }) {
        if (awaited && answered !== awaited) return;
        if (state === "error" && answered && wished?.smaller) {
          repeat({ ...wished, searches: replay, buffers: [wished.smaller], smaller: null }, "Sending the smaller copy…");
          return;
        }
        hush(false);
        if (state !== "error" || answered) full = state === "error" ? shown !== null : state !== "empty";
        if (state !== "busy") {
          awaited = null;
          if (state !== "error") {
            shown = wished ?? (state === "empty" ? null : shown);
            faceless = state === "none";
            if (searching && shown && (state === "done" || searching.how === "rotate")) shown.searches.push(searching);
          }
          wished = searching = null;
          if (state === "error") replay = [];
          const next = replay.shift();
          if (next && shown && !preparing) {
            search(next);
            return;
          }
        }
        if (!preparing) say(text2, state);
        else if (state !== "busy") settled = { text: text2, state };
      }
    });
    return () => {
      clearTimeout(patience);
      leave();
      hush(false);
      silence();
    };
  }

  // early.js
  function standIn() {
    const ears = /* @__PURE__ */ new Set();
    let kept = [];
    let real = null;
    return {
      get asleep() {
        return !real;
      },
      on: (kind, ear) => {
        ears.add(ear);
        real?.on(kind, ear);
      },
      off: (kind, ear) => {
        ears.delete(ear);
        real?.off(kind, ear);
      },
      // Whatever is said before there is a kernel is about the wish that waits for it.
      hear: (message) => ears.forEach((ear) => ear({ turn: kept.at(-1)?.[0].turn, ...message }, [])),
      send: (...wish) => {
        if (real) real.send(...wish);
        else if (wish[0].kind === "ready") kept = [wish];
        else kept = [kept[0], wish];
      },
      join: (model) => {
        real = model;
        for (const ear of ears) model.on("msg:custom", ear);
        for (const wish of kept) model.send(...wish);
        const waited = kept.length > 1;
        kept = [];
        return waited;
      }
    };
  }
  function drawEarly(el) {
    const model = standIn();
    const end = new AbortController();
    const tidy = draw({ model, el, signal: end.signal });
    globalThis.facelensEarly = {
      takeOver(real, { el: place2, signal: signal2 }) {
        const focused = el.contains(document.activeElement) && document.activeElement;
        const video = el.querySelector("video");
        if (place2.moveBefore && el.isConnected && place2.isConnected) place2.moveBefore(el, null);
        else place2.append(el);
        document.getElementById("early")?.remove();
        focused?.focus?.({ preventScroll: true });
        if (video.srcObject) video.play().catch(() => {
        });
        signal2.addEventListener("abort", () => end.abort());
        if (model.join(real)) model.hear({ kind: "awake" });
        return tidy;
      }
    };
    model.end = () => {
      delete globalThis.facelensEarly;
      tidy();
      end.abort();
      document.getElementById("early")?.remove();
    };
    return model;
  }

  // kernel.js
  var PROTOCOL = "v1.kernel.websocket.jupyter.org";
  var LONGEST_PAUSE = 3e4;
  var REFUSALS = 4;
  var CONTROL = { version: "1.0.0" };
  var anyName = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  var asBytes = (value) => new TextEncoder().encode(JSON.stringify(value));
  var asValue = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
  function pack(parts) {
    const offsets = [8 * (parts.length + 2)];
    for (const part of parts) offsets.push(offsets.at(-1) + part.byteLength);
    const message = new Uint8Array(offsets.at(-1));
    const view = new DataView(message.buffer);
    [offsets.length, ...offsets].forEach((n, i) => view.setBigUint64(8 * i, BigInt(n), true));
    parts.forEach((part, i) => {
      const bytes = part.buffer ? new Uint8Array(part.buffer, part.byteOffset, part.byteLength) : new Uint8Array(part);
      message.set(bytes, offsets[i]);
    });
    return message;
  }
  function unpack(message) {
    const view = new DataView(message);
    const number = (i) => Number(view.getBigUint64(8 * i, true));
    return Array.from({ length: number(0) - 1 }, (_, i) => new DataView(message, number(i + 1), number(i + 2) - number(i + 1)));
  }
  function signal() {
    const ears = /* @__PURE__ */ new Set();
    return {
      connect: (ear) => ears.add(ear),
      disconnect: (ear) => ears.delete(ear),
      emit: (what) => ears.forEach((ear) => ear(null, what))
    };
  }
  function connect(base, id) {
    const session = anyName();
    const address = `${base}api/kernels/${id}`;
    const socketAddress = `${address.replace(/^http/, "ws")}/channels?session_id=${session}`;
    const kernel2 = { statusChanged: signal(), connectionStatusChanged: signal(), kept: false };
    const comms = /* @__PURE__ */ new Map();
    let unsent = [];
    let socket, ready, failures = 0;
    let giveUp = () => {
    };
    kernel2.given = new Promise((done) => {
      giveUp = done;
    });
    const write = (type, content, buffers = []) => {
      const header = {
        msg_id: anyName(),
        msg_type: type,
        session,
        username: "",
        version: "5.3",
        date: (/* @__PURE__ */ new Date()).toISOString()
      };
      return pack([new TextEncoder().encode("shell"), ...[header, {}, CONTROL, content].map(asBytes), ...buffers]);
    };
    const receive = ([, header, , , content, ...buffers]) => {
      const { msg_type: type } = asValue(header);
      if (type === "kernel_info_reply" && !ready) {
        ready = true;
        failures = 0;
        for (const { message } of unsent.splice(0)) socket.send(message);
      } else if (type === "status") {
        kernel2.statusChanged.emit(asValue(content).execution_state);
      } else if (type === "shutdown_reply") {
        kernel2.statusChanged.emit(asValue(content).restart ? "restarting" : "dead");
      } else if (type === "comm_msg") {
        const { comm_id: comm, data } = asValue(content);
        comms.get(comm)?.(data, buffers);
      }
    };
    const open = () => {
      socket = new WebSocket(socketAddress, PROTOCOL);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => {
        if (socket.protocol !== PROTOCOL) {
          socket.onclose = socket.onmessage = null;
          socket.close();
          giveUp();
          return;
        }
        kernel2.connectionStatusChanged.emit("connected");
        socket.send(write("kernel_info_request", {}));
      };
      socket.onmessage = (event) => receive(unpack(event.data));
      socket.onclose = async () => {
        ready = false;
        if (!kernel2.kept && failures >= REFUSALS) {
          giveUp();
          return;
        }
        kernel2.connectionStatusChanged.emit("connecting");
        const answer = await fetch(address).catch(() => null);
        if (answer?.status === 404) kernel2.statusChanged.emit("dead");
        else setTimeout(open, Math.min(LONGEST_PAUSE, 1e3 * 2 ** failures++));
      };
    };
    open();
    kernel2.hear = (comm, hear) => comms.set(comm, hear);
    kernel2.send = (type, content, buffers) => {
      const message = write(type, content, buffers);
      if (ready && socket.readyState === WebSocket.OPEN) {
        socket.send(message);
        return;
      }
      const comm = content.comm_id;
      const { turn: wish, kind } = content.data?.content ?? {};
      const isStale = (each) => each.wish && each.comm === comm && (kind !== "frame" || each.kind === kind);
      if (wish) unsent = unsent.filter((each) => !isStale(each));
      unsent.push({ message, comm, wish, kind });
    };
    addEventListener("pagehide", () => {
      socket.onclose = null;
      const form = new FormData();
      form.append("_xsrf", document.cookie.match(/\b_xsrf=([^;]*)/)?.[1] ?? "");
      navigator.sendBeacon(`${base}voila/api/shutdown/${id}`, form);
    });
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
    return kernel2;
  }
  function widgets(kernel2) {
    const comm = anyName();
    return new Promise((done) => {
      kernel2.given.then(() => done());
      kernel2.hear(comm, (data) => done(data.states));
      kernel2.send("comm_open", {
        comm_id: comm,
        target_name: "jupyter.widget.control",
        target_module: null,
        data: {}
      });
      kernel2.send("comm_msg", { comm_id: comm, data: { method: "request_states" } });
    });
  }

  // privacy.txt
  var privacy_default = "Your photo goes to the server that runs this page, stays in its memory, and is gone when you press Clear or close the page. Use only a photo of yourself, or of someone who has agreed.\n";

  // happens.js
  var OF_A_PHOTO = [
    "What happens to a photo here",
    "Every face in it is detected, and the one you pick is aligned: turned, shifted and scaled into one frame.",
    "A network that has seen thousands of labelled faces says how likely each of its attributes is: smiling, eyeglasses, wavy hair…",
    "A threshold turns each probability into yes, no or doubtful. You can move every one.",
    "You see where the network looked, and what its layers made of the face."
  ];

  // showcase/answer.json
  var answer_default = {
    label: "smiling",
    sentence: "Fairly sure: smiling, bangs, no eyeglasses.",
    rows: [
      {
        name: "Smiling",
        label: "Smiling",
        probability: 1,
        verdict: "yes"
      },
      {
        name: "Bangs",
        label: "Bangs",
        probability: 0.81,
        verdict: "yes"
      },
      {
        name: "Eyeglasses",
        label: "Eyeglasses",
        probability: 0,
        verdict: "no"
      }
    ]
  };

  // showcase/face.jpg
  var face_default = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wgARCADaALIDASIAAhEBAxEB/8QAGwAAAQUBAQAAAAAAAAAAAAAAAgEDBAUGAAf/xAAYAQEBAQEBAAAAAAAAAAAAAAABAAIDBP/aAAwDAQACEAMQAAAB0pAZtBIQJ+O/RiQsIkIoiojzzLqd3IK8PSip0IBCScvUySdKoZwy+i0bXN0aIEmdQ4VwcBxJbboM33JKIqhy8o9wdQIRQjgoxJwktdVUXPVygly3dTK+xKBSX1XUa1oo+jdO4TU9c2PF3TIkJinH1Nm0UGCxaeq653GsBKctsan2VdI5as2WWohQrQ5gxLnPlIGI4ms0HlnqHowvOB0yvDxRlBZbyz9Zx03Z0lvjUuC8wLrlTKG7kV0uFFH4qKPV4uqq7r5myHuMbeJ6R3d3wnL01RCRYeRCe83R6Fb5QdUFwNqlG1fmsKdyVqDDzR66MxvMt6HISdEVgPYnqO79OB4OqGpJWXqZ2e8vSwqpJT6LLiHpmTMrO06LowQtfArxLKa+uDCFMrenOe6Zcn0iyZH0Ze5jqXlXRmsL6/gOWs7oM3qOe9vCu5a4a4vWZSBOgFDiWlm2VZ1tZGGzO0x7m2kQfT3M8Hx6DXO9TCoWglV2MauvY49Ss6OdncmHXSrTjAsFB0OPsy0NLY0qZvLbe7cN6Rwe/IUXq7u6YxcrknQkI2jwzSOFP8veskSK61ZQbOPuzsec7hlUmpypm40FbYengKIrIhqTXOdUU0oumbWtw+Zr0WpwfF6VtfJPT/P2t4yyMbZiWMTWqiesHI7XNW7i7Ve9PFOVKLu4U7uLO+a3+A65RV1ODME7Gm89h8P9w4dYNjIosbv2MpAXSZ6NJAdNnMx05+1Jjdb2ySGJIqLScXV4xRap1ydX6B5PmgC4WjrqlE16O75z2Nej95wEel1mDGr6hTumZG689Nvfp/lXoxqcRKScvV5noqaxRvD7zEhnmZESnWJEdnSAi4DFh7uge5GdVueUff8AnWoX16XkNdnXcnV//8QAKxAAAgICAQMDBAICAwAAAAAAAQIAAwQRBRIgIRATIhQwMTIVIwYzNEFC/9oACAEBAAEFAh2L2n1WD7Q7B2n1HZub7h66gHqewQfdHYfVmAFmZWsqyWafULEyK2MP2h25GSlUbNsJFbXGqtFB6Zcq6ZYl9lcqz1MVg32NdhnJ5vtGm1Z71c+RNO5rw6tLfMdOqdLSuzparKQ9g7idS/InJOzZGBc0rgYAIwjqJcb7D/YG2Vl7EpRZ1hzOMyhaOzc36W2hA15dtrrLr67cOmsV/TlYiPOqxZZbZFuYz8ywL03/ABb3AkYtcK7TXZRYLqddttgRb7mc+5qY0ZE3bYquthAR4lnVOow7M+nsMtD1zIsZwWbqxDqu3Yb/AB65ik1NeuVZ7l9piL5rHgVlo9EXrrcHzUu4pWFILvbl7rZMoFXWpmjI1MfZXibfp8vt6vmF9wGrQst+dRPtmzcab8IfDXRbwGZ9S+7xe3UqllCbaKdJ1/21P11zfrkp031P4tcLR+Xxa+qq7CMXGcBcHc+iM+jbVuE/Vbj2iXdWw3wS2LY7RT4ZPPDN1YB7OR0LB8ZkP8U8vQQie91T3UEpetodGeNWFQGsrIy1Vg2PUWyFNdtVnUA3TPe0OKXowCZv15cEWC6b9yY69V1WpZyFVM/mEd0uVjUdi5umWZHyfkxSf5IGZAVjyK+afDsglSK9qjpTs5ukvjlNANONG7uj4VYfRZXxr1W+3u6nxMwyikGZuD71t9J+nx6dDkq/ggj/ACxeEoN2ZNTXqyhhyXHtUQupxQ/sq/HTCgMdQoSZP64vieIy7jjpnIfon7V7ccbiDFx9TU12FQwyuOHuYmOampPiuWaWdYablw8V2FTWwZdTJMztsgrcvxPHjGr7h6MNzpUypvHuallhtf8AULf5yMrx1Eygsk6/GS24BtsDDAJ7x6ahQGKI9ZKApjKLa3n9ZWyqmWGpZTkLbaEIlv7cUoKfYXsI6bq5fUtiU1V1RaaDGx6RXlV1tMKpKhcQqWmYC9GN9iy9K5ZyGpdyjCPys4/P962toYQJvSt+XXbU/GZFm5VX71/eToZGTuZfIqptyrbPXgjrO/1lG36FRoqJ0gR7NSx5xa/Hvzbdnkc0u01OgzonFaXNVetGDUmqxWBcaZpk3ABrSSJxtqCvv5O4pjzUqpONRc233MOz2rsRw1dibF1BjPkpHysiAWPAmofAHItVfg8jta7FtXt5knfT0rxPGgDMyGsYnZg/GDn3YsT/ACJp/P1z+bxzDymC4GVjEXZ9KTI5F39KbXpfj+Q6ji5K3jXZyFXWcDDFuXn/ABxL36n6ZqGKZubm4e5WKtx+X7swsoZC69bl8cYig8uxrsOKgrYzc/67D2qdRl1KXKPiZHUMW8X1el/7YczR1IZkfvP/AD2HuH6Tiv34j/ken//EAB8RAAICAwACAwAAAAAAAAAAAAABESACEDASMSFAQf/aAAgBAwEBPwH6MEcUiNwNWgVnRLg+EEXW/dP2qe1qNMdcXqKO6epW3aTF/AhMZk+GPokkbMuHokk8huavit//xAAhEQABBAIDAAMBAAAAAAAAAAABAAIQIBEhAxIxEzBBQP/aAAgBAgEBPwH+HsAuwP0ufhFxMZQeQm8mbdkTqzHZFHOQKNSU04oTuwb+ohBCXDaCEZg6XrUKPb+ooI0HiYKvagVmjbkbjEtGqATyexkw3ZqVmOT2MxxerFHGSF1XVfGEBir4FwjH/8QAMhAAAQMBBgUCBQMFAAAAAAAAAQACESEDEBIiMUEgMFFhcROBIzJCkaEzUrEEQGBykv/aAAgBAQAGPwL/AA6phZZeeyrZEXRiE/2PUrIJU2zj4UNaqrQ3UfIUWlFlM830xqVnmqhv8LUQquAVLT7LQrMVkW6q4ygHGvLIZqjiUOqFlCzNquin4hXwyQ0LOF2UCBCgthwWklemfmHJ6C5xhZvqoVLCVmJWtO60JCjBCqYUCIWlEDBRdpCa9mya9u/FJXa6XFTK8rK6ikuC1/N2ykVUqtLnAmZRIT7M7acRbNAuym6ZVVGyq1UEdlWh7rECF2VVGygCq1uDT8rqcTiet4HFBWtERNwPVSCUS6VKY6U1w3HC8bSoCPVNcU2dVLVVSBdRaarQqqgruomBdlTO1OGb2oSsjHEeFmBHsshBvzKgJ9l+ifsqTPRQFF0Kz+/DO11dkwd1VYdXdFAC0g30qocviNLQd1iamuuBO6azclBo0HCHN+nVSoTfConOABnqmOcZa3YhF0QOl8/hYwYriwwgzDoo2CPa7uEHfSyvFBRdZ1Zd7X1KpceF93ptq4oN+rfjIKEaIg368FdOArCG1Qe+tofxyq0N+FvuhCqwjyiG6rRdr6rHhhv88uolFUWbKOpVHBfMtbvTsZLkbnkjfmuuLXiQVgc0RESvbqqur5Ra2g6qLNsKEU3vXk1KyhVtQF+s5RiLvN9VAA4Q3Ya8mmiizzOVXfa9oO67ch55GAGg1Rs7M5d+/BqrMqqkVbw0VVgJhxPIMaupeDaDM+qJua/oUHNqDdNmYK6qoWc3ua7NZyhBxs/IUsPFZhD9zl6/9QKNrCLnb8Hw3U/adFnsR91Wwd/0q2Twq4h5asto1fNi8KLMYRdiYYUtOG03HVdH9OFrukpzn6MOEKGaiqdHOkGqFYtWqDS0GvAWnZGesqjqObCOEku1rvza6KRUIEGqFqyjxqsQ13F48C4B1bjzba4/6p/i/wD/xAAnEAEAAgEEAgIDAAMBAQAAAAABABEhEDFBUWFxIIGRobHB0eEw8f/aAAgBAQABPyGD4CO0YzdGG+o76G8dWOo13wjtH4Cb4R3i6ly9ElQaVFTNCNRS46CDRjpcWHwNVStFHS/EPMRrwP8AvBLK/Mp3/wCyiC6MrQ61/wCB1Dy+E49xieEVUHBHlCNgO4aH6ERc/NCHIjxFyw+FlPYu5szFfAlSoRWhFWY1zQbxWb4rDA9QUPook2AT1G2Z6G8E3edsFsBLjuPcq2onZNvA2xK1ydyV8AapD5ZlAK4tsqcxAVK0XM0ofFzLDxiDY9S4Fd73gnYMIbDfUbQYnPlyA5iXD9yLdJhc2tkeSVGGoi4xVqYqx8ljYB9cS3k/Qe4Ko+pxUe5jtPVUoK9cRLD4twb2H0mwi9q7sBiV9oXC3imZypbdkxdrzNqIRhNLlx2kd8Rh3Le497Szj6+IAPR6n/womQTfc2RBt/7CyUfMpWg67jOFnGYhVAf8hon5pmZ2F/2AzirqUly5sAepkxiKrqqc1pckE7GXpAoHKUYbMpJdlJSq/gbTkDtMzAr6H+IylRee48fp4if2EEKD2kDgyqSwvKly5cNCq+LMO/ieoJgT4gb5UMRVbBYr7geU3rT64mSm/MFirY9QeQ4Zh00kVHJyl9463jILIOA4hXim4G2AdZo8IoDTw2nkBxD6ZFDsvExhZKJYiO9jH/eQdrVhC3iN+5RgbYtuLaVlUn6S4S8MprvL02xvFalZQtK0C8M4ZjxzFxv0SwDIMunQEHhyJivXs4EsSELI4JfmBPx4Iy1fMW2jkoywckaxh7ISc5jjAt5lU2U1apUF7USjGYFXsymNsshOGI+ho4SuJnuXoH99MpL1FUG/BDQC9EBhsgpT4vsn0SpUXuEgbmqWIe1SiN3rU5IH4SoDiUnT+wLW5aCQbqhMKa8PUIrYqCpASMNEekIQYJz2j04J4FhLTCQuF4J9quZPUxGDxFf8uInwCIRsZci2a6jLIldyi0ArNmJukzFmZgRbncdEduJShjmFbiMv8RZHDK8VFBA+ZZfbH4AhDYwwCHL+wP8AG4ywQWVc3qI7WCuXPEufJUBJNu8quUAJckvglOor0PwNASl/IjR0SulwJ3lz77dQKguuIxcc6QaC1AFNJWJnkQtcZeqC3GX1kXndQaOta60bXe0yA4Y+sjBmK/ZCM88MCkggs5vuMtMdIDfGCCdSvzDncEY7DEdo6VKlaVBAjpQu8k84WzhRP8hMd3x0ghkvvFQyzPh4gyk/bpNRbuV5w5IsYaVoEqcsPiPas8s/oHFve9SxuKuNluZEc42St/Ez2fUDBKIl1DaMR3ekKADbUgR0C54iWHXeO/dcRnOHWEW93TiQEmQHfsztRCoq2ZejZeJ3MsrK5Z5utSoRhoypa9qdsqRHCIYJ2Lhbkr3oVI5uBWLGZSdPJBmcQOECpRid7Qu+bN/IM7MqVElfC98mVm6jLA8BYu4Ty8xiwtjWJoCsSB4Ia2eCbcEnaqjtpqIRv7hLx4+Gew/kdQlRnHpZs3i8ER4lRQncrZ4JcOgpR4bue4nMXqBv4oP8apQksrd+VM+XdT96LmLbbvDC1/Yx0v0xU9jeGKgSp0WY4LMeobvEDqdYGCD5xCsVGkahR+IRwNmOEeG5mKoMO/JquJSZUWQbvswljdswM72yhQ5jaVJvB13aum2FrcmNkdmVpg4Yj3goewHHQy9Py/5RZYQAHTmYJU/bYajXeR30dCbbg2nMbVfKJovHGOn/2gAMAwEAAgADAAAAECFRwKtZQdsTwRoWzSDSU+GwjkxZ18oLhw4+g60WgIGdLnUgQ8P0vpKD3vdx8I5Ou/tWrqDCjpmZF0Phgi9VjvMgRzmalMMSgtlyqaVb8I6WQD8/my/p9cSK/wBGc6RP1r5Xm09mkjLqIjs66E1t5fRS1MB75gydQJyPROxeU73/xAAdEQADAAMBAAMAAAAAAAAAAAAAAREQITEgQEFh/9oACAEDAQE/EPg2yl5ni4lQ0QaMjzNxBBN4hC4WeIEEiDQ8ITwlo4KERA1GhDH3PIxsQkGdHoMmZ6Yl9jNGTY6IJsYuWXUJVBQoyYag6hbmlEzUhbVF+xqUo9Zc9KlhYNODENekFlYbhDg4UCXA8XijWJROtFljcZ0Jwvk2Mo8pUbP/xAAcEQADAAMBAQEAAAAAAAAAAAAAAREQITEgQWH/2gAIAQIBAT8Q8MXqeKUfcxcDKUZS4uORYSsQ4ojvy3B1wW4xYUYndo1D74+SwMUQibNWi5eNhMXSMjIxN/Sgd9xaopB1QTCw4paI+BTYQ2LSWWtwQnEKVC6Ex7HdIc7fMXUQHT/CLDYjuhKYhBIlNxCXwmDUGoISDWaDiKIVsfAb2L0y8N8Q4K2I9hODFolYceIMlKkUWySWL6CeCwa+rKVpjWjYQxZY2xIyH//EACYQAQACAgIBAwQDAQAAAAAAAAEAESExQVFhEHGBkaGx0cHh8PH/2gAIAQEAAT8Q1nKMdTYmzNU5TQ9p+KbT802fRrnHpbTkhN2c/R4JyjHn0tvVOibntF1NrmEOiZipQQq4I2lOZXhi3csueyUG4HMyhNajGUJi5QeZ5IWy+gruXzTUDXo3jqYEu5ig5htuYha49MpWoA1Bz6KVg0TyIBVGHjBZ/CAGPBtfQJVtWHBZ9CDAaE4WmOF3CHMXFzcq8wpAmhqK3uUBDMM1F1F3GuZUw7jGVWuIltrWCPPmMmnCnxVzUiNqKqXjVOaVjB+0e3a7BSfud1SpCUIRxLP3DxCc4Z90qosHRBZU9sba9FrLblnHMo9DcMmy16ojaJq6DKnOrhZWujLG4ss2z6ErMDsY0QTr9Bv+krHaYMyxwOUaQ+YFsrZbS/aVU6po+ZW7fYsvnuXBY2OH9MABGx5ipSM0lQIBEK8yiBZ9giqjYU0TFC//ABEhsM6pAxfGNd56hWvHADfvNUDCsB8wcto3e+rGF5Do9qqUFVoKpX8ylAVq6NsUCE7QSBXUqQv2vJORuMWeQwjWHK2XHGmEWwexNtRYlw4yyONwuvyjoHyuX3gzpStVRCPYOxUxcSsClUa8Li7lqEbPE5bC8hp9gmKIcKSfaWmbI639CoSwjmw/Q3LnJc1d+ItUqz5O5a7tm4qMvg1gC/WdjiWj9kObLPh7IgAjXw8zulGJT16iAg4Da9Ew5RkzghcbsRSEioutEsliNDFWJ+UZVwEhhSQM/wC7g3J5t2i5uNWH6MXMCdYfO5ZXVOkCR6FqnBfvFkAc2LHipiCmlhHpGz7S4WLqJSml3YNerIGyPcB0Dps1CswkcU3/AL4hmITPpHeYEVBUkOXmXIFXfEoXVGrvEYoeCGKCB1ayiO9ZXD1FrVGh1HrRdX/DKAkLzH2zTGOpbLLRygRwKfH8RlaN88HnpE4As18LO/MUKw6MceyxlB4bmCTMKEUpL2hLTqC557lKKqpT1CGoWz8u3H4gQo2uvMoqMl+JSjvIp2ws8g+iWUowZ8yndgZHEQxAceGUhfJt7iI4EfbHpsgX8ow7bNXnX1zFWfS8NfuNRUKTn/EL6SwtA2XjRcEsC19p1DdzG5bXiNuJhPaKgy3UpdTqZuAaHUZ+pypz7y2KRW4NyCylznEVwdszKbPLhJa8BSVoiWgTP9xywDg5OmVQMdD+Y/YZAcdS5rKaGhr5gYH2lVnuDCby/SC41CGxAVJxy95ZOzeupY2is1UtRF7lO4FVGNGD1BAYbIHMDahhExVV2M1iIbMKv9wAEsuIBZgUQJHVlbHvPYbDkmOkQoAxFi489xjgcCzESNWZX5ItipcIIYo2aKZYScUOmZEBqxqEkWaPK3BvZKdxDOWJyGH3qa63Q6JYJAVmpWaoLj5/UEpNsXFc4iOvELhGAf8AEDs3IA/I3GK3Nb7mfA7XLGa4S338HmOFuG1p6vUEy9kwnZF1rLOQmCGFNiVKmCQ0A9qj7QnFe3uChQw8EcLevvOYZQNxy37/AN1CAVazMbS7l58JuYq3lmyRQRqNsWqW2PolUSgLQua8+eJbgo01NgwNEOw0uY11SrWWvFpx4l1dihwBnqlxqHFDQee/ESrGgAQ4FdRaJtSmrQxfUJZBrqmk3Ry16SDuA8HSdkeHij6YltMClfaK7MO/zHPzXMA3weyZSi7YUzI2xLdpzHs5ZSk9rMYljmV20dYYyDlLE24nmAcQcxD9YDf/ACB2fP0/U8UZt16BhuoJZGmy43tu1GB6MGUK8G2XXVuX/ZMygboYL5jGpX5isVVXGdVLG9EeMbxMnWj9JkLwXAgleNwxwONe8NG0FOWaPPmVPZiHmY6YZYWHJCCHXRZleZkGxp3rcINBiYSSBmozwCPiB9zGLO3gjyBa1qWvNc5u4cp/wJHIVMtRxiWZ+iEg8T/4vQTxBEfQgCC2iDrEFAQOOlw06lTHEuTGB6vmB1ky23ll8QeSP/ILjbVuxaLgXvHEzAZQ/lXEY3RZ47RU1aO+pbGSjbRAFAqOVzGGbdQJpqVMuAgAl58Q0TD+pEVWRBqtSiEMtCmnC+fMZqbABinv3mXqGXC8/aNKW5baa+UMMzl5O1lJHFvmbDsxiOX839VL5bPoq+ZTnUo8RqhUtcTQ4cQEC+Ftl37KAYtX70sJ83JwJcBYcxVcoalb6DEQe6KyQCtANcJS3bduMEKjgCWw03B25voOvmEaoFBAWJ49HZMJ8xu9Atb1Bqv9ks0LDbF9+YmuPiER2i9r6CM0St4mWMnt+IxKGCMK1W4DDpGKxohFFbWw71wJiLcqkmDbuj+4+NVAhDFmoOIMz3w1LSGuZ9o3R6llfqK2NgyeAuYD7VXxKGw+0tKRW77JTIbIkFIzCv8ALMJX3Sus+JsqrmJlPrEDnfHRHK1u240EyHHoB+JVL4jX0HKE2TPmN+So3o5YFItWCCHDRCQ4Ww6uNZbWJ3At2AOuYOFyFiMSoCvtGugXKCYo5plwt8DTLVg5hEAlEHqDZsgGB8MDhdWwNH5jn3HoTuOYnOvQYF0HbcsU3/CceWBQezSZCCYGhVRaDwRluVYFoEq3fMuanf8Ag4fJClDpm+J4F9D9kgL5irfzEXCdn5LiGirTSBIh0Vv1g6RSlZX6jMlptXuCCLk48EiIg2rg8dn4lOoTO/c7I2YZe0uJ7Zg7gvKFQvlxfhcX7jBfpQuYPMOwu/yLG1qYV6u41HBEFLxPJLHtMHdEG/aZZGVE9ATOa7jvHsXJNsnWqqcn8k4RidH/ABjiMFGpSGvWs+HMH1D3CLb9ZgU4u/avmx14lFQNAt4OIrgbGkeJe3czTFUWVUtrMbljPmDmmVivUdv9MJ5jlHDfw9MWwUhwyyXyjh/TK1v8EcRi5kjlUvbXcQoXIRMLWxp9GYvALqoArP8AtNo7TmcZwQ36D8Edzf00gMAwI4G9k5RjFTYXvEEVDu2wt79X/9k=";

  // showcase/map.jpg
  var map_default = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wgARCADaALIDASIAAhEBAxEB/8QAGwAAAQUBAQAAAAAAAAAAAAAAAgABAwQFBgf/xAAaAQEAAwEBAQAAAAAAAAAAAAAAAQIEAwUG/9oADAMBAAIQAxAAAAHpDAwWdh569gMCEaMwEkiaWGUZ2QSFDOyBAxBTohMXHEzIZ0g4lEGzRkh45m0edKXQMQEhGYkJ04kCAYiGkFghQj5uVz5thGRtXM3SKWLuZpX1+ernoEvn/WGoxsCTEMjRGcRBg9Qmys2U4GxJql3Rz7EtGOGKFOnpmUamzz5ZGnKdf0Xk/qgbSAOhRWeMiLlLGSR6uDsFyhPXJTyrRtWM+2IVOY+J1nFGbs59sqd1xe4emJOCnRlOJHCT0ZielrcqdWGwJjBrTmWV5GW4UyDNghLUlaYuVXhPZpsPbBQIpo0cjkaPOGhl2DPRrlKUuXOVvHQtDGNn0c8flevzTh3uZxclIz0vThEmUCCSI5jg/YvPjnN/nelO2p61iXH7GjBMW6L0kNTuaCcCHpaMTxfN9hyUNS3nepGgE4kSlRAQkESmOJHs6MhtZc1uc0EWrj4UA2m8/Ty9+ejuz3c6xnbuuDzPZ7teq6SQYCzoSSKxJw5QnIYbMcudaxJbiOzlW/EnQjlHzPQrYuzl7MlXL3MP6Lht9Fl6de7slBmkREpEVZGxDUzOI5k9DyeER6L03mvolotvGdct16UOC0ldqmqh1oNrRp3ZBOlyTsEzoFOjn/NOg8+Gd+nOZKaqbfrHjPtZl3NLCtGlDgUEbmJFOken5znYn2Z+Q6uBsYjOLjIkeN4PVkHl+g+TlETIfZxRPRZfOnPRV50B6Rm8KJu4bMWe788M9/veV+il0iQydHm+9lXiPh+84k56GxVJIZ4CVxccCYB2QzOxK8WgV/QPOOqPXLXJdYJMj//EACsQAAICAgEEAgEEAgMBAAAAAAECAAMEEQUQEiAhEyIyFBUwMQYjJDRBQv/aAAgBAQABBQIeC+J6CL/Aeo8B4nqPDc35DrqAdT4D+YeB6swUWZlayvKYz9SsTIrYw/xDxyMlKo+bYSEa41Iqg6lwXTLEyLapVyCtFdW/g14Gcpm/EarVM+aufYmnc16dWlnuOu52tKre1qctD4DyJAl+RORdmyMK1pXAwAVhHUS032H/AGBtkS9iUps7w7e+KyhaPDc30utCB7y7bXWWndbiU1iv9OViI87rFj2vFtYz+44Xtv8AqwsCRi1wqtNVmPYLqfG2wIuRe1h+TUxoyJu2xVdbCArxLO6bMOzP09hlweuX2Fxtu7EOq7dhv8duYp011y7PkvtMRftWPQrLR8eKHrcH3Uu4pWFILvjl7LZMoFXWpmjI1MfZXibf0+X49/3C/IDXoPb9qiRWbNxpv0h9NdFyAGZ9S+71c3cqllCbaKdIH/3VP8lc31yk7cip/VrhaP7bFr7qrsExcVwBg7n6Iw4batwXDW49olvdvu+qWxXZoD6ZPfDP34B8OSGrB9ZkP9U9vQQifN3T5kEqeto2jP8AywqA1lZGWqsGx6i16/HZW+wD2z5tDiV7MAmb68wCLRbN98x17rqtSzkaqZ+8o7pcrGk7FzdssyPs/Jik/uQMyArHkB7q9O6alKK9qjtTw5ukvjldANONG7u3604grerj2qt7AbqTqZjyioGZuF8tt9R+Cin1yNf1WP8AbG4Og3Zk1NdWUMOT49qiBOLH+yv+oRH0sVtS9vWOdTcYbj/WZ/4L+Ve3HG4gxcbU1NeBUMMvjgLMWg1NWfQMf1PygQx6zACpU7Al5mbtlFbF+J44Y1fkOjjYKqYjeu+fm1dcGo2pZX60VndL2gGzx+GAfMdDGUGajKdVariEEeoQI2pY227ZZ+XFoCvhrwXoejjtuE0JSQIAJ2jVutehH9K849ezG89R7krlnIal3JsI/KTCzfmsU9AYLPRtlj7gPu1tymv5rh5n0L8ncy+SVTblW29eFP8AzT9CDuamuhjNqO04tfr55tvvks0u3TtM7ZxmhmBe9GU1GtlIOtGX2ARrNkTjbEFfnylxTHmpVUcai5tvuYj/AB3YrBksr2LscxmyVj5N8C2PAmoYvINVfg8hta7FtXx5o++3sXieOAGZkNY5OzB/WDn3YsT/ACFp+/1z96xzDyeE4GVjEXZ1KS/kHfpTc9L8fyHecXIW8EeHI1d5wMRbcvP+uJe/c/bNQxTN/wAKsVbj8z5ZhZQyF11vX1xlag8uTXYcVBWxm5/54HxU6jLqUuUfEyO4Yt4vq6X/AJYczR3IZf8AnP8A58D5D8JxP58T/wBjp//EACERAAICAQQCAwAAAAAAAAAAAAECABEDBBIhMBAUQGBh/9oACAEDAQE/AfrFibhLHS7VEVshnqfsdGxTG19GUcTSuBx41RFTD0EXGQg2IM7iHc55iCumptEr53//xAAiEQABBAIABwEAAAAAAAAAAAAAAQIEEQMwBRAVITFAQWD/2gAIAQIBAT8B/L0UUUVpkS0xHUnEeYmXVPxrd8oTVV580IPxo9O47h7VUwx0x+BdNll+9//EADEQAAEDAQcDAgQGAwAAAAAAAAEAAhEhAxASICIxQTBRYXGREzJCoSMzUnKBsQRAYP/aAAgBAQAGPwL/AI6phaZefCrZEXfMP9HuVoEqbZx9FDQqrZdlR8gKLSi0mer8Nu5WuaqG/wBLcQquAVLT2UwVqK0rlVcZCAea9Mhu6OJQ6oWkKrarsp1lfhkhoWsLwoECFVsOC2kr4Z+YdHxc4wtX1UKlhKqSvHlbEqMEKphQIhbUQMFF20JtozhNe3nNJXi6XFTK9VpNFJcFv97uFIqpVaXOBMyiQn2Z42zFs0C8KVVTN0cKrVQR4VaHysQIXhVUcKAFvcGn5XUzOJ73gZoK3oiJuB7qQSiXSpTHSmuHIyvHEqAj3QcU2d1LVVSBdRbbrYqqheVE0u0pnimWb2oStDHEei1Aj+FoIN+pUBP8L8k+ypM9kYUXQrP3yzxd6Jg8qqw7u7KAFtBvoJUOWtpaDysTU03CeU1nJKDRxlDm/TupUIeionOgGe6Y5xlreCEXRA7Xz9ljBiuLDCDI2XgI+Lh3CDvpZXNBRdZ1Zd/F9SqZ33CzbVxKDfq5zkFDDsiD0ysIFUHvraH7dIzQ3xdtmqseGB/fTqJRurTLDd0bnkjnquugqMlL2+a9GpWkKtqAvzioxF3RDeOejTZRZ6nKrva9o7rx0HnoYAaDdGzszp585N1Zqq7ty0VVhJh09Axu6l4NoNTqom5r+xQc2oN0sMFd1ULVe5rtVnKocbPuFLDmswh+py+P/kCjawi53OT8N1P0larEe6rYO91WyeFXEPVq02jV82L0UMGEXYmGFLThtOR3XZ/bK13aU5z9mHCFDNxVOjrSDVCsWrVBpaDfIWnhGe8qjqObCOEku3rz1a7KRUIEGqFqyjxusXPIvH7RdDq3Hq21x/anel//xAAmEAEAAgICAgEFAAMBAAAAAAABABEhMRBBUWFxIIGRobHB0eHx/9oACAEBAAE/IYPoEdRjNuNuBHfBuPO0eZzvCdRjyJvCO4vJcuMSVNOKipmhGopceBAhw8XFh9ByqVwoy5fCHuO16H/eZ0KUlv8A2VYJ8Mrgv16+g8MPy+k6+YpPSKqDgj2hyyHmYf4Iu4/zCHIrqMFnWWV1i8wjDFfQSpUIqpcIqzF1Abjl3xWGBgQfkCTQCfEyzPgbgnLPLDbAS+3s+ZVqieSV9DRiVqk7MSpXIIcJU7zMpB3F9lSVipWi5klD6uZJQzo+BcCu95wTzDCdDfiNsMTli5AdzFJ+5EKJ/BLW1pHsiRhyIuKValNGp+bHxD7dS4k/QfMtUfidHHzMFs+KVVT+CPYfVuDew+yakXtXbAYlfUtC3qplKlr1MdK8zSkIkTi5cdpEPUY9lvmPdpZ1dfUAHwfE/wDCqZhKaRDP/wBhZKPuUrQePMRws+Y0VD/uDU/LMwXYW/uCzirwqUly5pA9TNjEVWVU7rLkgvkZclzIWUow2ZSS8lJQq/oanYHlMzEr7D/EdSounzFD+HqJ7HmUlB8pA4Mqy9valy+Dgo/iz+4V/U+MJiz6l1yoYiq2CxX5lO03Wn46mSm/cAirY+IPYdMw6aSMhk7S+oeIiAyDgalPRNwtMBnXE4aEMBp6bQe2HUPwyIvS9TEVkYliJ7sZ/tkslqwhb1G/MAwNsHd9alBgT9JliPSVV3LE2xuMlKyhcVwD4ZwzHjuJjeOiWAZBl06Ag8OxMAa+Xgy4gCyNUl+YE/HgjJ19xZKOyjCw7I9zD5IKc5mkC3uVTSnDpKlQVqiU4zAu3WUxtuQnCIoaOkpiZ8y1A/vFlWXxEUXOiGgF8EphrBSnhfkn2bUxPcCyG3QjEPVRRG75Cd0K/hKwOJSeH9gW8paDT2qARpr0+INWxUFEBIA0TFRCjBO/KNWgnoWEtcppGK16J9zXDmZiCxFf8uokfoEY2MtR3V4ijkT5lForWOsQHYytFaWO5WR1KMASluo874m46ZXFoAIGzLL9x+gEIbGGMAy/sF/4ZhS7Fxj3LlEcal2dQ4abm6UIJdmvolWor+ocAxxxAUNS417gtT7wAJVLRqA4EW2ahhiWMF+ssrJvO1E4eQ51iCH4vlNgeY7BlYMHlmOpMjc8uUjAa+LHpBlcIo6GIFR4rlUqCdcGVjznioIYhdzHmLj2syhBiUlGMqj2zLMOSX9FSoHDvh9RrVntn9Q4t7/iCtxV5lkZW5ldDgvYeBnBEM1z8IQANQ4IR4Rc9RrDrzjL5rojWcPGEVdvFSNBIMTvp4jhHCMwn30rK7nuK1AhwcMqWvyp5ZSyOEQwFcFwuyV88V2N3DoFkvxfg7JtUWiVqB4i+RC72mfYtnTAlcP0XvkyvubVtg+A8XYT28xi2tEsfwFYkD0Qlu9E1oSdqn7Rm28I0QRf2CCL6+GaQ/kY8VKjPXpZovV6IrxKihK5Wnolw+YQUogN3fQzvY9QJ/FJ/j1KcllYos8WeJvf6iLeXcILX9lTS/hil6N8CoEqeCzHSZj4gu9Q9TxgYILvEKRUcBFy4sfpGOBpjBfDdzAUGHn2RjUuLWZUosbfJYaxu0wM87ZQoY2lSbl87cvGsLWyY2R0ytMHDEe9NBwwceBl8fk/wiywgAHhzMUqfvsOR1z1jvh4JrdGp3E1Xi0TTeOseP/aAAwDAQACAAMAAAAQgoIccgMo0w48gMwM0Ouc004AQI8UbrrcUQwAgwY+pDmiY8QMY0sUUogE+0QAYsccQggYAcU8o4Ec4wUgA8gAMsC8s18yO8IAkotqhqb35U4M8UN7VdTQBkk8oYveElx9/AYwYs0WBu0THEs8I0cM8gsUEMAMEIQ4AIs8I4s8/8QAHhEAAwACAQUAAAAAAAAAAAAAAAERITAQMUBBYGH/2gAIAQMBAT8Q9Yaj7CcW6JCKRcD7PQh0UDCuMb5Exok4EI4ZIRaWj4kq77//xAAdEQACAgMAAwAAAAAAAAAAAAAAAREhECAxQEFg/9oACAECAQE/EPl1LTsPZC4IY9lvCofR2h7IVorvMSFcFQe0jEQEoQnwPdOBZ7c+b//EACYQAQACAgIBAwQDAQAAAAAAAAEAESExQVFhEHGBkaGx0cHh8PH/2gAIAQEAAT8Q1JyjHU2JszTOc0PafjjPyTZms1+ttOSE2Tn6LBOUY8+ltH0tCbntF1MG/QVTIJKIVcEbSnMrw5mVyy57Iag7mUJrUYyhMXKDeZ54WzzFPmX5lWoHEfS6mBLuYmXncHLcx3C1x6ZStShqCXOuNWFCeUEKom8YLP4Q0U8G1+gQ4o6LPkIMEselplKuypU8QNXNyrzAqBNFhG73EBUMw1LCK9RTMXK48xGB3GMqtcRSTWsEefMTJOFPipopi1DVS8apyC8YP2iSyXYKSdxCJCUQRxLP3CSM5wzLW5VRYPCwWdyvUb69NkqJccyr0Nwgxlr1RGBGroMr3q4WRroM42LPNOfQmHAbGNESVfoN/wBJSG0wZlzgco0h8zPJbFaX7RKnVNHzE3vmLL57lyGNjh/TMEoR5ipYYPQMQEQr0hGfYI6s2FNEwJvn9SyFhlVIavjGu89QqUjgB+s1idjgPmEi2zd76sQXnOj2qpUUWgqlfzCqArV0bYqEJ2gkLOpUhfteSNz8GrPIYkWHK3aK9NIth2EOdRYlw4yyONwuvyioPncvvBHSqtVRAfYOxJF/KwKVRrwuD2W2hGzxOdQvIafYmOMcKAvtLrDkdb+hUFKo5sPyG5c5Lms/iPVCs+TuXC6ZuKiK4NWUP3nd4nA/tAsyTvD2MSoRqdPMv3OCU9egh0QcBt8EwxRkzghYbmxSEigutEvluUMVYn5RleASGFJAz/u4Nyvtu0Zb16tH6MTMCdYfO43rqnSBI5LJTgv3iyAObFjxUwBTRYR6Rs+0utjUGjNLuiZBWQNke4WAVNmoRuEjim/98QzmJTPpHeYRVFSQ5eZcgVbviUDqjV3iMUEwhwECu2gjPe3D1EhajQ6Y9aLVX/DMJYXmPtmmOdS2WWjlAh0KfH8RFaPPg89IrAF6fCzvzHisOjHmUjKDxmFYmRAEhN7Ql21Bc89wFCVES/QagPVs/Ltj8QcUbXXmU1GS/ErZ3kU7YEeQfRLYUYM+ZTuwMjiDIQHHhlIUO9vcRnAj30RO7IF/KIO2zV519cxlm0vDX7jx1Ck5/wAQjrjC4G48aLghoLX2nUJnMblteI9YmEfEVFLdRcczqW6QNPEV8jlTn3l8UityzgWUuc4iuC25CczYO+El2wFJWiXkCZ/sjCgHBydMWAfA/mNWGYHHUtaykBoa+YwD7RKzC3d5QNdIpDaDLPxy95fOzeoamis1TLCRe5TuBVRY0cQ8QqGGyc4G1DLR6K7GaxENmFX+4QCWXGAswKIHFVlbHvKm7w5JhhGcAYixceYxaXAsxQjcyYqZdCYokMWLNFMvJOKHTLWANWNQFizR5VYN7J5ohjuJMorHnNSjS3Q6JctAVmpWSUF/P6hFJLxca3iI6mQRgH/ELs3IA/I3ANuaq+5pg7S1luEt9/B5jFLhz09XqANnYMJ3H17LOQmGmFNIxqtYJAhD2qI9MSl29w+kOHgI4W9fecyxh7Dte/8AdQwFXmYEg3Lz4TYoreWAWyg3UY0tUtsfRKatAWhc158xcBRpol4MDRGsjS5iDXKtZbi048R2+xQ4Az1S41K0xoee5Z+NiBKzgVFrWxjOdDEBbBvFNJTd+pIGmAeHSdy+u8H0xfcGClfaMzMO/wAwJHdcwGWD2R+/fmLB2vMRM5SN3TmPmSyQpWMplqdYYEBygOwcYg4AwjdQG/8AkPM+fq/U8UZv16BhuoJZGmy4tRu1GKQF0S4r1tlR+tLQmCogp5iV0xjaiMMGoIdwXhp9pSK8ZgSS9bhbg8a94ZdpKcs0efMrEfbEPMx0wywsOSVYQaELMj5lEOtp37ynoYgHFISW626mJsEC3YDuPAKscOCbAciPW0vg4xC5QKDxv/imCJ4gleoFsFtEFpFZSxjpcBXUjMcRXcP4iqhPk94BXHiBABnJ958Aj1IeMEzPAM+eYqStlx4KNtEAUFRYlcxhpK8Q8JpqVMDAhq5lfUFEw6fMrWcw0C+ICFjUZMRE4YTK3ujYi23xFQRbvljnwtlefaxAHL+b+qmUbqEq+ZTnUp2RqhQu8Tjc4gsB8LbLj2UAxDv3ZZQZcnElIRscy+E3K3hK6hIGchLAsglnRLSMVuHJzvVtfMBqgUBA4lUamUHcU+Yvxgtb1Dqv9ku8LDam9+YouPiRW0XtYLB4ySt4jAmT2vErYTBMR4myLL23cFFdds4zlMZbUoSYNnmiZTFVLgR0RZqDBme+CxaQ1zPtGyPUsr9RXmHhk8Bcw32qokqwviNSXBd9kXgQ0yy6cW/wwVgkPSkpyquYzEfWJ9uHRFN9rbGAEg49BctJjEYIPpb5i/Q1G9HL9IGFapYBOGiGh1yDq4lltYkO7UQdcwODkLEY9QFfaePJcoLgjmmXbXwNpYOHMxQJg64hwboBgfE7B42Bk/Mc+CQVBHME7nug0W1DtuWpr/hOPLBIPZpMhAADQ1FoPBEQ5LBbRuVT7y7qd/4uHyQpT7d8TaF9L9kgz5irfzE3AYn5LiWg6WpYjHRWvzDAnKVyo6UtNr5gQi5OPBIlBHK4PHZ+Jrgmd+52TbMX2lhqe2UcfkkKhuLi/C4v3GG/ShHkPMFSt3yLMPUw9buNRGFJ5JcvrqYu6IdzLIxielIXTXcZ49i5IWt9aqpyfyTgmJ0f8Y4maFaSkJaNZ8OfxG0oe4F2/WYVuBv2r5sdeJQEDQLeDiK4jZhHiXN3MlzFUGlS2sxuWM+YbplYr1Db/TCeY5Rw38PTF9FIOmXeaUcP6ZWv/gjiMX7TJnKhXlruIVKWETS1safRmLwC6qEKz/t6Hac+hwQ3NvQczb00gMAoEcDeyco5itYXvEENDuhwt79X/9k=";

  // showcase.js
  var WIDTH = 178;
  var HEIGHT = 218;
  var picture = (src, alt, caption) => element(
    "figure",
    {},
    element("img", { src, alt, width: WIDTH, height: HEIGHT }),
    element("figcaption", { className: "small" }, caption)
  );
  var written = (p) => p > 0.994 ? ">0.99" : p < 6e-3 ? "<0.01" : p.toFixed(2);
  function row({ label, probability, verdict }) {
    const fill = element("span");
    fill.style.width = `${100 * probability}%`;
    return element(
      "li",
      { dataset: { verdict } },
      element("span", {}, label),
      element("span", { className: "level", ariaHidden: "true" }, fill),
      element("span", { className: "number" }, written(probability)),
      element("span", { className: "verdict" }, verdict)
    );
  }
  function showcase() {
    return element(
      "section",
      { className: "showcase", ariaLabel: "An example's answer" },
      element("p", { className: "small" }, "This is the answer about an example. Try yours."),
      element("p", { className: "headline" }, answer_default.sentence),
      element(
        "div",
        { className: "both" },
        element(
          "div",
          { className: "pair" },
          picture(face_default, "The face of the example, aligned", "What the network sees"),
          picture(map_default, `Where covering this face lowers “${answer_default.label}”`, `Where it looks for “${answer_default.label}”`)
        ),
        element("ul", {}, ...answer_default.rows.map(row))
      )
    );
  }
  function opening(shown) {
    const [title, ...steps] = OF_A_PHOTO;
    return element(
      "div",
      { className: "facelens opening" },
      element(
        "div",
        { className: "card" },
        shown,
        element("h2", {}, title),
        element("ol", {}, ...steps.map((step) => element("li", {}, step)))
      )
    );
  }

  // page.js
  var VIEW = "application/vnd.jupyter.widget-view+json";
  var OUTPUT = 'script[type="application/vnd.voila.cell-output+json"]';
  var INTAKE = "facelens.ui.intake.";
  var HEARTBEATS = 12;
  var NO_KERNEL = "The computer behind this page does not answer. Please reload the page.";
  var inside = ({ state }) => (state.children ?? []).map((name) => name.replace("IPY_MODEL_", ""));
  function tree(states, id) {
    const widget = states[id];
    if (widget?.model_module === "anywidget") {
      return widget.state._anywidget_id?.startsWith("facelens.") ? [{ id, ...widget }] : null;
    }
    if (widget?.model_name !== "BoxModel") return null;
    const below = inside(widget).map((child) => tree(states, child));
    return below.includes(null) ? null : [{ id, ...widget }, ...below.flat()];
  }
  function modelOf(kernel2, { id, state }) {
    const ears = /* @__PURE__ */ new Set();
    kernel2.hear(id, ({ method, content }, buffers) => {
      if (method === "custom") ears.forEach((ear) => ear(content, buffers));
    });
    return {
      on: (_, ear) => ears.add(ear),
      off: (_, ear) => ears.delete(ear),
      get: (name) => state[name],
      send: (content, _, buffers) => {
        kernel2.send("comm_msg", { comm_id: id, data: { method: "custom", content } }, buffers);
      },
      widget_manager: { kernel: kernel2 }
    };
  }
  async function moduleOf({ state }) {
    const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
    return import(url).finally(() => URL.revokeObjectURL(url));
  }
  function unveil() {
    document.getElementById("rendered_cells").style.display = "";
  }
  async function show(kernel2, outputs) {
    const ids = outputs.map((output) => JSON.parse(output.textContent).data?.[VIEW]?.model_id);
    if (!ids.length || !ids.every(Boolean)) return false;
    const states = await widgets(kernel2);
    if (!states) return false;
    intakeComes = Object.values(states).some(({ state }) => state._anywidget_id?.startsWith(INTAKE));
    const trees = ids.map((id) => tree(states, id));
    if (trees.includes(null)) return false;
    const all = trees.flat();
    const views = all.filter(({ state }) => state._esm);
    const modules = await Promise.all(views.map(moduleOf));
    const nodes = /* @__PURE__ */ new Map();
    for (const widget of all.reverse()) {
      const node = document.createElement("div");
      if (!widget.state._esm) node.classList.add("widget-box");
      node.classList.add(...widget.state._dom_classes);
      node.append(...inside(widget).map((id) => nodes.get(id)));
      nodes.set(widget.id, node);
    }
    for (const css of new Set(views.map(({ state }) => state._css))) {
      document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
    }
    outputs.forEach((output, i) => output.replaceWith(nodes.get(ids[i])));
    unveil();
    for (const [i, view] of [...views.entries()].reverse()) {
      const el = nodes.get(view.id);
      try {
        modules[i].default.render({
          model: modelOf(kernel2, view),
          el,
          signal: new AbortController().signal
        });
      } catch (error) {
        reportError(error);
        el.textContent = "This part of the page could not be drawn. Please reload the page.";
      }
    }
    return true;
  }
  function loadVoila() {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = (milliseconds) => timeout(Math.max(milliseconds, 12e4));
    const listen2 = window.addEventListener.bind(window);
    window.addEventListener = (type, ear, ...more) => {
      if (type === "load" && document.readyState === "complete") ear();
      else listen2(type, ear, ...more);
    };
    const script = document.createElement("script");
    script.src = `${config.fullStaticUrl}/voila.js`;
    document.body.append(script);
  }
  function drawWaiting(el) {
    const line = element("p", { className: "status", role: "status", dataset: { state: "busy" } }, "Waking up the network…");
    el.classList.add("facelens", "intake");
    el.append(line);
    const end = () => document.getElementById("early")?.remove();
    return {
      hear({ text: text2, state }) {
        line.textContent = text2;
        line.dataset.state = state;
      },
      end,
      over: end
    };
  }
  var kernel;
  var config;
  var drawn = false;
  var intakeComes = false;
  var heartbeats = 0;
  function despair() {
    if (!drawn) early.hear({ kind: "status", state: "error", text: NO_KERNEL });
  }
  function begin() {
    config ??= JSON.parse(document.getElementById("jupyter-config-data").textContent);
    if (kernel) return;
    kernel = connect(new URL(config.baseUrl, location.href).href, config.kernelId);
    kernel.statusChanged.connect((_, status) => {
      if (["dead", "restarting", "autorestarting"].includes(status)) despair();
    });
  }
  function wait() {
    heartbeats += 1;
    if (heartbeats === HEARTBEATS) despair();
  }
  async function finish() {
    begin();
    const outputs = [...document.querySelectorAll(OUTPUT)];
    const shown = await show(kernel, outputs).catch((error) => {
      reportError(error);
      return false;
    });
    drawn = kernel.kept = true;
    if (shown) {
      if (example) document.querySelector("#rendered_cells .board .empty")?.prepend(example);
      early.over?.();
      return;
    }
    unveil();
    if (!intakeComes) early.end();
    loadVoila();
  }
  var place = document.querySelector("#early .facelens-column > div");
  var early;
  var example;
  if (document.getElementById("early").dataset.input === "camera") {
    early = drawWaiting(place);
  } else {
    early = drawEarly(place);
    early.hear({ kind: "text", privacy: privacy_default.trim() });
    example = showcase();
    const column = element("div", { className: "widget-box facelens-column" }, opening(example));
    document.getElementById("early").append(column);
  }
  var whole = false;
  window.voila_process = begin;
  window.voila_finish = () => {
    whole = true;
    finish();
  };
  window.voila_heartbeat = wait;
  addEventListener("load", () => {
    if (!whole) despair();
  });
})();
